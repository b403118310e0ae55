// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/reactor.hpp"
#include "troupe/supervision/timer_service.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace troupe {

/// Timers of the supervisors on a reactor. What it keeps is touched by the reactor's thread alone,
/// also at its end.
///
/// Lives in: host. Threads: any; callbacks run on the reactor's. Blocks: only `close`, for the
/// callback that is running. Crash: keeps nothing outside the host. Errors: as `timer_service`.
class reactor_timers final : public timer_service,
                             public std::enable_shared_from_this<reactor_timers> {
public:
  /// `reactor` must outlive it.
  explicit reactor_timers(os::reactor& reactor) : reactor_{reactor} {}

  void schedule_after(duration delay, std::function<void()> callback) override;
  /// No callback runs or will run after this; those that wait are dropped.
  /// @pre not on the reactor thread
  void close();

private:
  void add(time_point when, std::function<void()> callback);

  os::reactor& reactor_;
  // The reactor thread's from here on.
  bool is_closed_ = false;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, os::timer> pending_;
};

} // namespace troupe
