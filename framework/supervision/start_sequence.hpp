// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/base/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace troupe {

/// The order and the pace in which the slots of a pool come up: 0 first, `stagger` apart.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class start_sequence {
public:
  start_sequence(std::uint32_t replicas, duration stagger) noexcept
      : replicas_{replicas}, stagger_{std::max(stagger, duration::zero())} {}

  /// Returns the slot to start at `now` and counts it as started; nothing when all are.
  [[nodiscard]] std::optional<slot_id> next(time_point now) noexcept;

  /// Returns how long to wait at `now` before `next`; nothing when no slot is left.
  [[nodiscard]] std::optional<duration> pause(time_point now) const noexcept;

private:
  std::uint32_t replicas_;
  duration stagger_;
  std::uint32_t started_ = 0;
  time_point last_{};
};

} // namespace troupe
