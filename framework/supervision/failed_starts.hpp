// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/ids.hpp"
#include "troupe/process/child_spec.hpp"

#include <cstdint>
#include <vector>

namespace troupe {

/// What is to be done about a start that has failed.
enum class failed_start_verdict {
  go_on,        ///< The restart budget decides alone.
  too_slow,     ///< This slot has missed its time limit too often.
  always_fails, ///< So many starts have failed as the budget has restarts, and none has worked.
};

/// Counts the starts of a pool that fail in a row, however long each of them takes. The restart
/// budget looks at a window of time; starts that take long before they fail would never fill it,
/// and go on for ever.
///
/// Too slow is a slot that has missed its limit three times in a row, or once more than a budget
/// that was set has restarts, if that is more. That every start fails ends a pool with the default
/// budget only: one that was set has the meaning that its window gives it. Without a limit of
/// restarts there is none here.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class failed_starts {
public:
  static constexpr std::uint32_t slow_in_a_row_max = 3;

  /// `intensity`: that of the pool's restart policy.
  failed_starts(const restart_spec& spec, std::uint32_t replicas, std::uint32_t intensity);

  /// A start of `slot` has failed; `is_slow`: it ran into its time limit.
  [[nodiscard]] failed_start_verdict note(slot_id slot, bool is_slow);

  /// A worker of the pool has become ready: it gets on.
  void clear() noexcept;

  /// How often `slot` was too slow, and how many starts of all slots have failed, in a row.
  [[nodiscard]] std::uint32_t slow(slot_id slot) const noexcept { return slow_[slot.value]; }
  [[nodiscard]] std::uint32_t failed() const noexcept { return failed_; }

private:
  std::uint32_t slow_max_;
  std::uint32_t failed_max_;
  std::uint32_t failed_ = 0;
  std::vector<std::uint32_t> slow_; // By slot.
};

} // namespace troupe
