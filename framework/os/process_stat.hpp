// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/pidfd.hpp"

#include <optional>

namespace troupe::os {

/// What /proc tells of one process.
struct process_stat {
  char state = '?';    ///< 'T': stopped, 'Z': dead and not reaped; see proc(5).
  int wait_status = 0; ///< Of a dead one; 0 when this process may not look.
};

/// Looks at `pid`; nothing when there is no such process or no /proc. The pid may mean another
/// process than it did: only for those that are held. Threads: any. Blocks: never.
std::optional<process_stat> stat_of_process(int pid);

/// The wait status of a dead process that its parent has not reaped yet; nothing when it has, or
/// when it cannot be known. `handle` is the one of `pid`.
std::optional<int> status_of_unreaped(int pid, const pidfd& handle);

} // namespace troupe::os
