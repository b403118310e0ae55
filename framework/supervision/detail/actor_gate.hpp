// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/guarded.hpp"
#include "troupe/base/ids.hpp"

#include <caf/actor.hpp>
#include <caf/send.hpp>

#include <cstddef>
#include <future>
#include <utility>
#include <vector>

namespace troupe::detail {

/// The only way from other threads to the actors of one pool. Once it is closed, nothing that is
/// sent through it (by a late timer, a late exit) touches an actor or the actor system any more,
/// and no handle is left that could keep either alive.
///
/// Lives in: host. Threads: any. Blocks: only `wait`. Crash: keeps nothing outside the host.
/// Errors: none; what is sent through a closed gate is dropped.
class actor_gate {
public:
  actor_gate() : supervisor_gone_{gone_.get_future().share()} {}

  void open(caf::actor supervisor, std::vector<caf::actor> workers);

  /// Closes the gate and tells the supervisor to end; it takes the slots' actors along.
  void close();

  /// Waits until the supervisor has ended, after which it calls nobody. Returns at once if called
  /// by that supervisor itself, from within `slot_control`.
  void wait();

  template<class... Ts>
  void tell_supervisor(const Ts&... parts) {
    actors_.with([&](handles& actors) {
      if (actors.supervisor) caf::anon_send(actors.supervisor, parts...);
    });
  }

  /// Returns whether there is such a slot and the gate is open.
  template<class... Ts>
  bool tell_worker(slot_id slot, const Ts&... parts) {
    return actors_.with([&](handles& actors) {
      if (slot.value >= actors.workers.size()) return false;
      caf::anon_send(actors.workers[slot.value], parts...);
      return true;
    });
  }

  template<class... Ts>
  void tell_workers(const Ts&... parts) {
    actors_.with([&](handles& actors) {
      for (const auto& worker : actors.workers) caf::anon_send(worker, parts...);
    });
  }

  /// Called by the supervisor at its end.
  void note_gone() { gone_.set_value(); }

  /// Marks the thread that runs the supervisor of `gate`, as long as it calls out.
  class call_scope {
  public:
    explicit call_scope(const actor_gate* gate) noexcept;
    call_scope(const call_scope&) = delete;
    call_scope& operator=(const call_scope&) = delete;
    ~call_scope();

  private:
    const actor_gate* outer_;
  };

private:
  struct handles {
    caf::actor supervisor;
    std::vector<caf::actor> workers;
  };

  guarded<handles> actors_;
  std::promise<void> gone_;
  std::shared_future<void> supervisor_gone_;
  guarded<bool> was_open_{false};
};

} // namespace troupe::detail
