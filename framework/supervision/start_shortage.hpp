// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <optional>

namespace troupe {

/// Starts of one slot that fail because the machine is short of something. They are no crashes and
/// spend no restart budget: they are tried again after growing pauses of their own, until they have
/// failed for so long that a pool without any worker had better say so.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class start_shortage {
public:
  static constexpr duration pause_min = std::chrono::milliseconds{20};
  static constexpr duration pause_max = std::chrono::seconds{1};
  /// So long a pool without a worker goes on trying.
  static constexpr duration span_max = std::chrono::seconds{10};

  /// A start has failed for want of something at `now`.
  void note(time_point now) noexcept;
  /// A start has worked, or failed for another reason.
  void clear() noexcept { *this = {}; }

  [[nodiscard]] bool is_on() const noexcept { return since_.has_value(); }
  /// How long it has lasted at `now`.
  [[nodiscard]] duration span(time_point now) const noexcept {
    return since_ ? now - *since_ : duration::zero();
  }
  /// The pause before the next start.
  [[nodiscard]] duration pause() const noexcept { return pause_; }

private:
  std::optional<time_point> since_;
  duration pause_{};
};

} // namespace troupe
