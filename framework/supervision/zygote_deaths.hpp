// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/base/ids.hpp"

#include <cstdint>
#include <vector>

namespace troupe {

/// What is done about the workers of a pool that went with their zygote.
enum class zygote_death_verdict {
  go_on,    ///< They are started again.
  too_many, ///< Zygotes die as fast as they are made: the pool had better say so.
};

/// Counts the zygotes that have died under one pool. That is no fault of its workers, so it spends
/// nothing of their restart budget, whatever was set; but who kills zygotes may never stop, and a
/// pool that starts its workers again for ever gets nowhere. So there is a budget for it: `row_max`
/// deaths in a row without a worker of the pool that was up for `uptime_long` in between. Each
/// counts once, however many workers it takes along. With restarts without limit there is none here
/// either.
///
/// A slot that ends so and was launched since the last death that was counted tells of a new one;
/// one that was not may have gone with that, and is not counted. So no death is counted twice, and
/// between two that are counted each slot goes once at most.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class zygote_deaths {
public:
  /// Workers pause up to 250 ms after such a death, so it takes more than ten seconds.
  static constexpr std::uint32_t row_max = 50;
  /// Who has killed a worker that was up for so long may go on for ever.
  static constexpr duration uptime_long = std::chrono::seconds{1};

  zygote_deaths(std::uint32_t replicas, bool is_unlimited);

  /// A worker of `slot` is being started.
  void note_launch(slot_id slot) noexcept { rounds_[slot.value] = round_; }
  /// The worker of `slot` went with its zygote, at `now`, which never goes back; it had been ready
  /// for `uptime` (zero: it never was).
  [[nodiscard]] zygote_death_verdict note(slot_id slot, time_point now, duration uptime);
  /// The pool gets on.
  void clear() noexcept { count_ = 0; }

  /// How many there were in a row, and the time from the first to the last.
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] duration span() const noexcept { return last_ - first_; }

private:
  bool is_unlimited_;
  std::uint64_t round_ = 1;           // The next death that will be counted.
  std::vector<std::uint64_t> rounds_; // By slot: what it was when the worker was launched.
  std::uint32_t count_ = 0;           // At most row_max + 1.
  time_point first_{};
  time_point last_{};
};

} // namespace troupe
