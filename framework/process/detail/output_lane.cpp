// Part of Troupe; see LICENSE.

#include "troupe/process/detail/output_lane.hpp"

#include "troupe/base/assert.hpp"

namespace troupe::detail {

output_lane::answer output_lane::add(std::string_view record, time_point now) {
  const auto total = bytes() + record.size();
  const bool is_full = total > limits_.pause_bytes;
  if (total > limits_.waiting_bytes_max || (is_full && is_stalled(now))) {
    ++dropped_;
    return answer::dropped;
  }
  if (is_empty()) last_progress_ = now;
  waiting_ += record;
  added_ += record.size();
  return is_full ? answer::pause : answer::taken;
}

std::string output_lane::take() {
  moving_bytes_ += waiting_.size();
  return std::exchange(waiting_, {});
}

void output_lane::note_arrived(std::size_t bytes, time_point now) {
  TROUPE_ASSERT(bytes <= moving_bytes_);
  moving_bytes_ -= bytes;
  last_progress_ = now;
}

void output_lane::note_lost(std::uint64_t lines, time_point now) {
  moving_bytes_ = 0;
  dropped_ += lines;
  last_progress_ = now;
}

time_point output_lane::stalls_at() const noexcept {
  if (is_empty() || limits_.stall >= time_point::max() - last_progress_) return time_point::max();
  return last_progress_ + limits_.stall;
}

} // namespace troupe::detail
