// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/supervision_port.hpp"
#include "troupe/supervision/timer_service.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace troupe {

/// What the supervisors of one factory have counted, for metrics. Counts are approximate in that
/// they are read one by one.
struct supervision_counters {
  std::atomic<std::uint64_t> starts{0};
  std::atomic<std::uint64_t> restarts{0}; ///< Recycling is not one.
  std::atomic<std::uint64_t> recycles{0};
  std::atomic<std::uint64_t> give_ups{0};
  std::atomic<std::uint64_t> stale_events{0}; ///< Dropped: of an older incarnation, or too late.
};

struct supervision_options {
  std::shared_ptr<timer_service> timers{};          ///< Required.
  std::function<double()> random{};                 ///< 0 .. 1, any thread. Empty: an own one.
  std::shared_ptr<supervision_counters> counters{}; ///< Empty: nobody wants to know.
  std::function<void(std::string_view)> log{};      ///< Any thread, never blocks. May be empty.
};

/// Makes the factory of all pool supervisors of one runtime. It owns the one actor system of the
/// host, started with the first supervisor: at most two threads that sleep when there is nothing
/// to do.
///
/// Destroying the factory ends all its supervisors (not their workers); a `pool_supervision` that
/// is left does nothing from then on. Neither the factory nor a `pool_supervision` holds the
/// `slot_control` once `stopped` was called.
///
/// @pre `options.timers`
std::unique_ptr<supervision_factory> make_supervision_factory(supervision_options options);

} // namespace troupe
