// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/process/exit_status.hpp"
#include "troupe/process/supervision_port.hpp"
#include "troupe/supervision/restart_policy.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// How a worker ended that nobody had asked to.
struct told_end {
  std::string_view worker; ///< "parse/2"
  end_kind kind = end_kind::exited;
  end_reason reason = end_reason::by_itself;
  bool was_ready = true;
  const exit_record& record;
};

/// What follows an end by which the slot is filled again.
struct told_restart {
  std::uint64_t number = 0; ///< Of the slot, this one included. 0: a start that is tried again.
  duration pause{};
  restart_excuse excuse = restart_excuse::none;
  std::uint64_t spent = 0; ///< Of the restart budget, this one included.
  std::uint32_t intensity = unlimited_restarts;
  duration period{};
};

/// One line: who, why, how often, what next. "worker parse/2 (pid 4711) died of signal SEGV;
/// restart 3 in 100ms (2 of 3 that restart.intensity allows in 30s)".
std::string restart_line(const told_end& end, const told_restart& next);

/// The same of a slot that stays empty while its pool goes on.
std::string parked_line(const told_end& end);

/// The same of an end that made the pool give up, which says the rest itself.
std::string last_end_line(const told_end& end);

/// "pool 'parse': 37 more ends of workers were not told one by one"
std::string left_out_line(std::string_view pool, std::uint64_t ends);

} // namespace troupe
