// Part of Troupe; see LICENSE.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

/// Waiting for and killing children by pid: only in a process that reaps all of its children
/// itself, on one thread (the zygote). There a pid stays valid until `reap_child`.
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
/// What `reap_child` found.
enum class reap_result {
  reaped,
  not_yet, ///< Alive, or dead and still held by a debugger.
  stolen,  ///< Somebody else in this process has reaped it; its status is lost.
};
/// Reaps a dead child; never waits.
reap_result reap_child(int pid, reaped_child& out) noexcept;
void signal_child(int pid, int signal) noexcept;
/// Signals the group that the child leads, also when the child itself is dead.
void signal_group_of_child(int pid, int signal) noexcept;
/// The group that a child is in; 0 when it is gone.
int group_of_child(int pid) noexcept;
/// Whether this child is dead; it is not reaped.
bool is_dead_child(int pid) noexcept;
/// Whether a child of this process, an adopted one too, is alive in this group.
bool has_living_child(int group) noexcept;
/// Makes the child the leader of its own group, in case it has not done so yet.
void make_group_of_child(int pid) noexcept;

} // namespace troupe::os
