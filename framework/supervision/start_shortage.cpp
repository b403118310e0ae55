// Part of Troupe; see LICENSE.

#include "troupe/supervision/start_shortage.hpp"

#include <algorithm>

namespace troupe {

void start_shortage::note(time_point now) noexcept {
  if (!since_) {
    since_ = now;
    pause_ = pause_min;
  } else {
    pause_ = std::min(pause_ * 2, pause_max);
  }
}

} // namespace troupe
