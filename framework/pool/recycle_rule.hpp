// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/child_spec.hpp"
#include "troupe/process/supervision_port.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// When a healthy worker is replaced. Pure functions, so that every rule has its test.
namespace troupe::recycle_rule {

/// What a worker has used up since it became ready.
struct worker_use {
  std::uint64_t messages = 0;
  duration age{};
  std::uint64_t memory_bytes = 0; ///< 0: not known.
};

/// The limits of one slot of `slots`. Jitter takes a part off them, none in the first slot and more
/// in each further one, evenly up to `jitter`: workers that began together end one after the other,
/// and what is named a maximum stays one. The jitter of the result is 0.
[[nodiscard]] recycle_spec spread(const recycle_spec& limits, std::size_t slot,
                                  std::size_t slots) noexcept;

/// Which limit is reached, if any.
[[nodiscard]] std::optional<end_reason> reached(const recycle_spec& limits,
                                                const worker_use& use) noexcept;

/// Whether somebody must look now and then: nobody tells of age and memory.
[[nodiscard]] bool has_to_look(const recycle_spec& limits) noexcept;

} // namespace troupe::recycle_rule
