// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/actor_gate.hpp"

#include <caf/exit_reason.hpp>

namespace troupe::detail {
namespace {

thread_local const actor_gate* calling_out = nullptr;

} // namespace

void actor_gate::open(caf::actor supervisor, std::vector<caf::actor> workers) {
  was_open_.with([](bool& was_open) { was_open = true; });
  actors_.with([&](handles& actors) {
    actors.supervisor = std::move(supervisor);
    actors.workers = std::move(workers);
  });
}

void actor_gate::close() {
  // The handles are let go of outside the lock: the last one destroys an actor.
  const auto actors = actors_.with([](handles& held) { return std::exchange(held, handles{}); });
  if (actors.supervisor) caf::anon_send_exit(actors.supervisor, caf::exit_reason::user_shutdown);
}

void actor_gate::wait() {
  const bool was_open = was_open_.with([](bool open) { return open; });
  if (was_open && calling_out != this) supervisor_gone_.wait();
}

actor_gate::call_scope::call_scope(const actor_gate* gate) noexcept
    : outer_{std::exchange(calling_out, gate)} {}

actor_gate::call_scope::~call_scope() {
  calling_out = outer_;
}

} // namespace troupe::detail
