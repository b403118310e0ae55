// Part of Troupe; see LICENSE.

#include "troupe/supervision/pool_lifecycle.hpp"

#include "troupe/base/assert.hpp"

namespace troupe {

bool pool_lifecycle::start() noexcept {
  if (phase_ != phase::idle) return false;
  phase_ = phase::running;
  return true;
}

bool pool_lifecycle::stop(stop_mode mode) noexcept {
  if (phase_ == phase::over || (mode_ && mode <= *mode_)) return false;
  mode_ = mode;
  phase_ = phase::stopping;
  return true;
}

bool pool_lifecycle::give_up() noexcept {
  if (phase_ != phase::running) return false;
  has_given_up_ = true;
  // What waits in the pool fails anyway, so that nobody is served by a drain.
  mode_ = stop_mode::quick;
  phase_ = phase::stopping;
  return true;
}

void pool_lifecycle::note_empty(slot_id slot) noexcept {
  TROUPE_ASSERT(slot.value < is_empty_.size());
  if (is_empty_[slot.value]) return;
  is_empty_[slot.value] = true;
  --left_;
}

bool pool_lifecycle::end() noexcept {
  if (phase_ != phase::stopping || left_ != 0) return false;
  phase_ = phase::over;
  return true;
}

bool pool_lifecycle::fail() noexcept {
  if (phase_ == phase::over) return false;
  phase_ = phase::over;
  return true;
}

} // namespace troupe
