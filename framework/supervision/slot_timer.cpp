// Part of Troupe; see LICENSE.

#include "troupe/supervision/slot_timer.hpp"

namespace troupe {

bool slot_timer::set(time_point due) {
  due_ = due;
  if (!needs_wake()) return false;
  on_the_way_.push_back(due);
  return true;
}

slot_timer::answer slot_timer::on_wake(time_point scheduled, time_point now) {
  std::erase(on_the_way_, scheduled);
  if (!due_) return {};
  if (now >= *due_) {
    due_.reset();
    return {.is_due = true, .wake_again = std::nullopt};
  }
  if (!needs_wake()) return {};
  on_the_way_.push_back(*due_);
  return {.is_due = false, .wake_again = due_};
}

bool slot_timer::needs_wake() const noexcept {
  return on_the_way_.empty() || on_the_way_.back() > *due_;
}

} // namespace troupe
