// Part of Troupe; see LICENSE.

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace troupe::detail {

/// Variable in the environment of a zygote and of all that descends from it; its value is the mark
/// of that zygote.
inline constexpr auto tree_variable = "TROUPE_TREE";

/// Kills what a zygote left behind that died before it could do so itself: the host has no pidfd of
/// what its workers started, and what has left their groups is found by its mark only. Works on a
/// thread of its own ("troupe-sweep"), because looking at all processes takes long on a large
/// machine. The thread starts with the first zygote that is lost.
///
/// Lives in: host. Threads: any. Blocks: only `stop`, for the sweeps asked for.
/// Crash (of the host): what is left stays. Errors: what cannot be seen or signalled is left alone.
class tree_sweeper {
public:
  tree_sweeper() = default;
  ~tree_sweeper() { stop(); }
  tree_sweeper(const tree_sweeper&) = delete;
  tree_sweeper& operator=(const tree_sweeper&) = delete;

  /// SIGKILL to every process with this mark, until there is none. @pre the zygote is dead
  void ask(std::string mark);
  /// Returns when what was asked is done.
  void stop();

private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_; // Under `mutex_`; at most one per lost zygote.
  bool is_ending_ = false;        // Under `mutex_`.
  std::thread thread_;            // Made under `mutex_`.
};

} // namespace troupe::detail
