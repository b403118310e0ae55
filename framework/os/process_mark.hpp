// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/pidfd.hpp"

#include <string>
#include <vector>

/// A mark in the environment by which the descendants of a process are found when their parents are
/// gone and nothing else ties them to it any more.
namespace troupe::os {

/// A text that no other process has had, for the value of such a variable.
std::string make_process_mark();

/// A process that was found.
struct marked_process {
  int pid = 0;
  pidfd handle;
};

/// The living processes, but this one, that were given `entry` ("NAME=value") in their environment
/// when they last became a program, or when that from which they were forked did. What a process
/// does to its environment later does not matter. Not found are those whose environment this
/// process may not read (another user's; those that forbid it), whose memory for it was
/// overwritten, and that are just becoming a program. Empty where there is no /proc.
/// Threads: any. Blocks: for the time it takes to look at all processes, about 10 µs each.
std::vector<marked_process> find_marked_processes(const std::string& entry);

/// What follows `beginning` ("NAME=..") in the entry that begins so, of the environment that a
/// child of this process was given; empty when there is none, or it cannot be read. Threads: any.
std::string environment_entry_of(int pid, const std::string& beginning);

} // namespace troupe::os
