// Part of Troupe; see LICENSE.

#pragma once

#include <compare>
#include <cstdint>

namespace troupe {

/// The place of a worker in its pool: 0 .. replicas - 1, stable over restarts.
struct slot_id {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(slot_id, slot_id) = default;
};

/// How many workers have filled a slot before this one; the first incarnation is 0.
struct incarnation_id {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(incarnation_id, incarnation_id) = default;
  [[nodiscard]] constexpr incarnation_id next() const noexcept { return {value + 1}; }
};

} // namespace troupe
