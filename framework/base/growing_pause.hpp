// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <algorithm>

namespace troupe {

/// The pause between tries of something that does not get on: it doubles from `first` up to `max`,
/// so that nobody spins and what helps is still noticed soon.
///
/// Lives in: any process. Threads: one owner. Blocks: never. Crash: nothing shared. Errors: none.
class growing_pause {
public:
  /// @pre `duration::zero() < first <= max`
  constexpr growing_pause(duration first, duration max) noexcept
      : first_{first}, max_{max}, next_{first} {}

  /// The pause before the next try; the one after it is longer.
  constexpr duration take() noexcept {
    const auto out = next_;
    next_ = std::min(next_ * 2, max_);
    return out;
  }
  /// It got on.
  constexpr void reset() noexcept { next_ = first_; }

private:
  duration first_;
  duration max_;
  duration next_;
};

} // namespace troupe
