// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

namespace troupe {

/// The instant at which a wait gives up: `deadline::never()` waits for ever, `deadline::now()` does
/// not block.
///
/// Lives in: any process. Threads: a value. Blocks: never. Crash: nothing shared. Errors: none.
class deadline {
public:
  static constexpr deadline never() noexcept { return deadline{time_point::max()}; }
  static deadline now() noexcept { return deadline{time_point::min()}; }

  /// Returns the deadline `span` from now; negative spans count as zero, huge ones as never.
  static deadline after(duration span) noexcept {
    if (span <= duration::zero()) return now();
    const auto start = clock::now();
    if (span >= time_point::max() - start) return never();
    return deadline{start + span};
  }

  static constexpr deadline at(time_point when) noexcept { return deadline{when}; }

  [[nodiscard]] constexpr bool is_never() const noexcept { return when_ == time_point::max(); }
  [[nodiscard]] constexpr time_point when() const noexcept { return when_; }

  [[nodiscard]] bool has_passed(time_point now) const noexcept { return now >= when_; }
  [[nodiscard]] bool has_passed() const noexcept {
    return !is_never() && (when_ == time_point::min() || clock::now() >= when_);
  }

  /// Returns the time left at `now`, never negative.
  [[nodiscard]] duration remaining(time_point now) const noexcept {
    if (is_never()) return duration::max();
    return now >= when_ ? duration::zero() : when_ - now;
  }

private:
  constexpr explicit deadline(time_point when) noexcept : when_{when} {}

  time_point when_;
};

} // namespace troupe
