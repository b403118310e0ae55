// Part of Troupe; see LICENSE.

#include "troupe/supervision/failed_starts.hpp"

#include <algorithm>

namespace troupe {

failed_starts::failed_starts(const restart_spec& spec, std::uint32_t replicas,
                             std::uint32_t intensity)
    : slow_max_{intensity}, failed_max_{intensity}, slow_(replicas) {
  if (intensity == unlimited_restarts) return;
  // The start that follows the last restart may fail as well; the one after it is not made.
  slow_max_ = spec.intensity ? std::max(slow_in_a_row_max, intensity + 1) : slow_in_a_row_max;
  failed_max_ = spec.intensity ? unlimited_restarts : intensity + 1;
}

failed_start_verdict failed_starts::note(slot_id slot, bool is_slow) {
  // Both stay below the number that means unlimited.
  const auto count_up = [](std::uint32_t& number) {
    number = std::min(number + 1, unlimited_restarts - 1);
    return number;
  };
  const auto failed = count_up(failed_);
  if (is_slow && count_up(slow_[slot.value]) >= slow_max_) return failed_start_verdict::too_slow;
  return failed >= failed_max_ ? failed_start_verdict::always_fails : failed_start_verdict::go_on;
}

void failed_starts::clear() noexcept {
  if (failed_ == 0) return;
  failed_ = 0;
  std::fill(slow_.begin(), slow_.end(), 0U);
}

} // namespace troupe
