// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

/// Waiting for and killing children by pid: only in a process that has one thread and reaps all of
/// its children itself (the zygote). There a pid stays valid until `reap_child`.
namespace troupe::os {

/// A child that was reaped.
struct reaped_child {
  int wait_status = 0;
  std::chrono::microseconds user_time{};
  std::chrono::microseconds system_time{};
  std::int64_t rss_max_kib = 0;
};

/// What `find_dead_child` found.
struct dead_child_search {
  bool has_children = false; ///< False: there is none, dead or alive.
  int dead_pid = 0;          ///< 0: all are alive.
};

/// Looks for a dead child without reaping it, so that its pid and group stay reserved.
dead_child_search find_dead_child() noexcept;
/// Reaps a dead child.
reaped_child reap_child(int pid) noexcept;
void signal_child(int pid, int signal) noexcept;
/// Signals the group that the child leads, also when the child itself is dead.
void signal_group_of_child(int pid, int signal) noexcept;
/// Makes the child the leader of its own group, in case it has not done so yet.
void make_group_of_child(int pid) noexcept;

/// SIGCHLD as a readable descriptor. The signal must be blocked in this process.
///
/// Lives in: zygote. Threads: one owner. Blocks: never. Crash: nothing shared.
/// Errors: making it throws std::system_error when the process is out of descriptors.
class child_death_signal {
public:
  child_death_signal();
  /// Makes it unreadable until the next death.
  void clear() noexcept;
  [[nodiscard]] const fd& descriptor() const noexcept { return fd_; }

private:
  fd fd_;
};

} // namespace troupe::os
