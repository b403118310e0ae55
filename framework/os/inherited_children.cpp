// Part of Troupe; see LICENSE.

#include "troupe/os/inherited_children.hpp"

#include "troupe/os/children.hpp"
#include "troupe/os/this_process.hpp"

#include <chrono>
#include <utility>

namespace troupe::os {

namespace {

constexpr auto look_pause = std::chrono::seconds{1};

} // namespace

inherited_children::inherited_children() : inherits_{this_process::inherits_orphans()} {}

void inherited_children::look(time_point now) {
  if (!inherits_ || now < next_look_) return;
  next_look_ = now + look_pause;
  std::set<int> dead;
  for (const int pid : this_process::children()) {
    if (!is_dead_child(pid)) continue;
    reaped_child ignored;
    if (!dead_.contains(pid) || reap_child(pid, ignored) == reap_result::not_yet) dead.insert(pid);
  }
  dead_ = std::move(dead);
}

} // namespace troupe::os
