// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"
#include "troupe/os/pidfd.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::os {

/// A process that was started.
struct spawned_process {
  int pid = 0;
  pidfd handle;
};

/// Names and values.
using environment_variables = std::vector<std::pair<std::string, std::string>>;

/// What a new process has as 0, 1 and 2: a descriptor of ours, or one of these.
struct standard_streams {
  static constexpr int inherited = fd::none;
  static constexpr int null = -2; ///< /dev/null.
  int in = inherited;
  int out = inherited;
  int err = inherited;
};

/// Starts this program's own image (/proc/self/exe) again, in its own process group, with default
/// signals, this environment plus `name=<number>:<our pid>`, where the number is that of a copy of
/// `descriptor`, which is all it has besides 0, 1, 2 (where the kernel can close the others), and
/// plus the variables `more`. Must be called from a thread that lasts: the child's parent-death
/// signal is tied to it.
expected<spawned_process> spawn_own_image(const std::string& name, const fd& descriptor,
                                          environment_variables more = {},
                                          const standard_streams& streams = {});

/// fork(): 0 in the child, the pid in the parent, negative errno on failure. Only for a process
/// with one thread; the child may then do anything.
int fork_single_threaded() noexcept;

/// Kills and reaps a child of ours that was started a moment ago and cannot be held by a
/// descriptor. Waits for a second at most.
void end_unheld_child(int pid) noexcept;

/// Becomes another program. Returns errno if it cannot.
int replace_image(const std::string& path, const std::vector<std::string>& argv,
                  const std::vector<std::string>& environment);

} // namespace troupe::os
