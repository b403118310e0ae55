// Part of Troupe; see LICENSE.

#include "troupe/supervision/restart_log_rate.hpp"

#include <utility>

namespace troupe {

restart_log_rate::answer restart_log_rate::note(time_point now) noexcept {
  if (!begin_ || now - *begin_ >= window) {
    begin_ = now;
    told_ = 0;
  }
  if (told_ < lines_max) {
    ++told_;
    return {};
  }
  if (++left_out_ > 1) return {.is_told = false};
  return {.is_told = false, .look_after = window - (now - *begin_)};
}

std::uint64_t restart_log_rate::take_left_out() noexcept {
  return std::exchange(left_out_, 0);
}

} // namespace troupe
