// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <set>

namespace troupe::os {

/// Reaps what a process inherits as the first one of its PID namespace (of a container), or as a
/// subreaper: orphans that it has never started. Nobody else does, and they would stay as zombies.
///
/// The rule that tells them from own children: whoever has stayed dead from one look to the next, a
/// second later, is waited for by nobody. So it is for the main of a command whose own children are
/// reaped at once, never for a library: a program may wait for its children as late as it likes.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing outside this process.
/// Errors: without /proc nothing is found.
class inherited_children {
public:
  inherited_children();

  /// Cheap until the next look is due. Does nothing in a process that inherits nothing.
  void look(time_point now);

private:
  bool inherits_ = false;
  time_point next_look_ = time_point::min();
  std::set<int> dead_; // At the last look.
};

} // namespace troupe::os
