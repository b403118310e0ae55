// Part of Troupe; see LICENSE.

#pragma once

#include <chrono>

namespace troupe::detail {

/// Decides whether a zygote that owes an answer still gives any. It counts looks, not time: a
/// machine or a host that was suspended for hours has looked once.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing shared. Errors: none.
class zygote_watch {
public:
  /// Between two looks, while something is owed.
  static constexpr std::chrono::milliseconds look_period{250};
  /// A stopped one cannot answer; one that is continued within a look stays.
  static constexpr int stopped_looks_max = 2;
  /// A busy machine may be slow.
  static constexpr std::chrono::seconds silence_max{5};
  static constexpr int silent_looks_max = silence_max / look_period;

  enum class verdict { answers, stopped, silent };
  struct look {
    bool was_heard = false; ///< Since the last look.
    bool is_stopped = false;
    bool can_answer = true; ///< False: it has not come up yet, which has a limit of its own.
  };

  void reset() noexcept { *this = {}; }

  [[nodiscard]] verdict on_look(const look& seen) noexcept {
    stopped_looks_ = seen.is_stopped ? stopped_looks_ + 1 : 0;
    silent_looks_ = seen.was_heard || !seen.can_answer ? 0 : silent_looks_ + 1;
    if (stopped_looks_ >= stopped_looks_max) return verdict::stopped;
    return silent_looks_ >= silent_looks_max ? verdict::silent : verdict::answers;
  }

private:
  int stopped_looks_ = 0;
  int silent_looks_ = 0;
};

} // namespace troupe::detail
