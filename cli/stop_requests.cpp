// Part of Troupe; see LICENSE.

#include "troupe/cli/stop_requests.hpp"

#include <csignal>

namespace troupe::cli {

stop_requests::meaning stop_requests::take(const os::stop_signal& one) {
  if (!first_) {
    first_ = one.when;
    return meaning::stop;
  }
  const bool is_key = one.number == SIGINT && one.is_from_terminal;
  const bool counts = is_key || one.when >= *first_ + echo_time;
  if (is_kill_asked_ || !counts) return meaning::nothing;
  is_kill_asked_ = true;
  return meaning::kill;
}

std::optional<time_point> stop_requests::second_counts_from() const noexcept {
  return first_ ? std::optional{*first_ + echo_time} : std::nullopt;
}

} // namespace troupe::cli
