// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/lane.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

namespace troupe::pipeline {

/// What a stage knows of one slot.
///
/// A slot with state has its messages in one of four places, oldest first: `uncommitted` (the
/// worker has applied them, but they are in no saved state), `taken_back`, the lane's ledger, and
/// `replay`. When the worker dies they all go to `replay`, in this order, and its successor begins
/// with `state`.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing outside the host. Errors:
/// none.
struct slot_state {
  /// A slot may hold this much without a saved state; then a checkpoint is due whatever it costs.
  static constexpr std::size_t uncommitted_bytes_max = 64 * 1024 * 1024;

  explicit slot_state(slot_id id) : link{id} {}

  lane link;
  std::optional<std::vector<std::byte>> state; ///< Last committed; none at first.

  std::deque<work> uncommitted;
  std::deque<work> taken_back;
  std::deque<work> replay;
  std::size_t uncommitted_messages = 0;
  std::size_t uncommitted_bytes = 0;
  std::optional<time_point> uncommitted_since;
  /// Messages that a stateful worker gets before its state is saved, after one has died without
  /// having saved any: half of what that one had, down to one; it doubles with each commit. 0: as
  /// `checkpoint:` says. So there is progress however often workers die.
  std::size_t pace = 0;
  bool has_committed = false; ///< Since the worker was attached.
  time_point checkpoint_not_before{};
  time_point open_not_before{};
  time_point produce_not_before{};
  std::uint32_t produce_idle = 0;     ///< Times in a row that a source had nothing.
  std::uint32_t produce_failures = 0; ///< Times in a row that a source threw.
  std::size_t produce_asked = 0;      ///< Messages that a source may still give.

  std::uint64_t given = 0; ///< Of a filter: messages it was given and are not counted as lost,
  std::uint64_t got = 0;   ///< and those it gave.

  std::uint64_t messages_done = 0; ///< Finished by this worker.
  std::uint64_t quota = 0;         ///< Messages for one worker; 0: any number.

  std::optional<ledger_entry> culprit; ///< Its answer was nonsense.
  bool is_open_posted = false;
  bool is_opened = false;
  bool is_checkpoint_posted = false;
  bool is_finish_posted = false;
  bool has_last_word = false;   ///< A transform that has worked since it was last told to finish.
  bool is_flush_posted = false; ///< A finish after which the worker, not the slot, is at its end.
  bool is_finished = false;     ///< Its rest is committed, or the source has ended.
  bool is_dying = false;        ///< We had it killed; what it says now does not count.
  bool has_timed_out = false;
  bool is_held = false;      ///< Gets no new work.
  bool is_forgiven = false;  ///< Its death will not be the fault of a message.
  bool is_abandoned = false; ///< No worker will come any more.

  [[nodiscard]] bool can_work() const noexcept {
    return link.is_attached() && is_opened && !is_dying && !is_finished;
  }
  /// Messages that the worker may still be given.
  [[nodiscard]] std::uint64_t quota_left() const noexcept {
    if (quota == 0) return std::numeric_limits<std::uint64_t>::max();
    const auto used = messages_done + link.messages();
    return quota - std::min(quota, used);
  }
  /// Messages that the worker may have before its next commit.
  [[nodiscard]] std::size_t pace_left() const noexcept {
    if (pace == 0) return std::numeric_limits<std::size_t>::max();
    const auto used = uncommitted_messages + link.messages();
    return pace - std::min(pace, used);
  }
  /// The worker is about to be detached without a commit: its successor gets less at once.
  void slow_down() noexcept {
    const auto held = uncommitted_messages + link.messages();
    if (has_committed || held == 0) return;
    pace = std::max<std::size_t>((pace == 0 ? held : std::min(pace, held)) / 2, 1);
  }
  /// It has committed; from `pace_max` on `checkpoint:` decides again.
  void speed_up(std::size_t pace_max) noexcept {
    has_committed = true;
    pace = pace * 2 < pace_max ? pace * 2 : 0;
  }
  /// Starts over with the next session, on this worker or on another.
  void close_session() noexcept {
    is_open_posted = is_opened = is_checkpoint_posted = is_finish_posted = false;
    is_flush_posted = has_last_word = false;
    produce_asked = 0;
    given = got = 0;
  }
};

} // namespace troupe::pipeline
