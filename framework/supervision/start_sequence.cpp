// Part of Troupe; see LICENSE.

#include "troupe/supervision/start_sequence.hpp"

namespace troupe {

std::optional<slot_id> start_sequence::next(time_point now) noexcept {
  if (started_ == replicas_) return std::nullopt;
  last_ = now;
  return slot_id{started_++};
}

std::optional<duration> start_sequence::pause(time_point now) const noexcept {
  if (started_ == replicas_) return std::nullopt;
  if (started_ == 0) return duration::zero();
  return std::max(stagger_ - (now - last_), duration::zero());
}

} // namespace troupe
