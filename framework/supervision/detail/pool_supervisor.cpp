// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/pool_supervisor.hpp"

#include "troupe/supervision/detail/error_bridge.hpp"
#include "troupe/supervision/give_up_cause.hpp"
#include "troupe/supervision/restart_line.hpp"
#include "troupe/supervision/start_shortage.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace troupe::detail {

pool_supervisor::pool_supervisor(caf::actor_config& config,
                                 std::shared_ptr<const pool_context> context,
                                 std::shared_ptr<slot_control> control,
                                 std::vector<caf::actor> workers)
    : caf::event_based_actor{config}, context_{std::move(context)}, control_{std::move(control)},
      gate_{context_->gate.lock()}, workers_{std::move(workers)},
      lifecycle_{context_->spec.replicas}, policy_{context_->spec.restart, context_->spec.replicas},
      failed_starts_{context_->spec.restart, context_->spec.replicas, policy_.intensity()},
      zygote_deaths_{context_->spec.replicas, policy_.intensity() == unlimited_restarts},
      sequence_{context_->spec.replicas, context_->spec.start.stagger},
      book_(context_->spec.replicas) {}

caf::behavior pool_supervisor::make_behavior() {
  set_handlers();
  for (const auto& worker : workers_) {
    monitor(worker);
    send(worker, adopt_atom::value, address());
  }
  return {
      [this](start_atom) { on_start(); },
      [this](timer_atom) { on_start_timer(); },
      [this](stop_atom, stop_mode mode) { on_stop(mode); },
      [this](launch_atom, slot_id slot, incarnation_id id) { on_launch(slot, id); },
      [this](drain_atom, slot_id slot, incarnation_id id) {
        call([&](slot_control& pool) { pool.drain(slot, id); });
      },
      [this](signal_atom, slot_id slot, incarnation_id id, int number, signal_scope scope) {
        call([&](slot_control& pool) { pool.signal(slot, id, number, scope); });
      },
      [this](ready_atom, slot_id slot) {
        book_[slot.value].is_ready = true;
        failed_starts_.clear();
      },
      [this](ended_atom, const worker_end& end) { on_ended(end); },
      [this](finished_atom, slot_id slot, slot_state state) { on_finished(slot, state); },
      [this](stopping_atom, std::uint64_t round) { on_stopping(round); },
      [this](untold_atom) { tell_untold(); },
  };
}

void pool_supervisor::set_handlers() {
  set_exception_handler([this](std::exception_ptr& thrown) {
    fail(text_of(thrown));
    return to_caf_error(thrown);
  });
  set_down_handler([this](caf::down_msg& message) {
    fail("a slot's actor ended: " + text_of(message.reason));
    quit(message.reason);
  });
  set_exit_handler([this](caf::exit_msg& message) { quit(message.reason); });
  set_error_handler([](caf::error&) {});
  set_default_handler(caf::drop);
}

void pool_supervisor::on_exit() {
  for (const auto& worker : workers_) caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
  workers_.clear();
  const actor_gate::call_scope scope{gate_.get()};
  control_.reset();
  gate_->note_gone();
}

void pool_supervisor::on_start() {
  if (lifecycle_.start()) start_next();
}

void pool_supervisor::on_start_timer() {
  start_next();
}

void pool_supervisor::start_next() {
  if (!lifecycle_.is_running()) return;
  const auto pause = sequence_.pause(now());
  if (!pause) return;
  if (*pause > duration::zero()) {
    context_->services.timers->schedule_after(*pause, [gate = context_->gate] {
      if (const auto open = gate.lock()) open->tell_supervisor(timer_atom::value);
    });
    return;
  }
  // One at a time: slots run on several threads, and the pool is promised their order.
  starting_ = sequence_.next(now());
  send(workers_[starting_->value], start_atom::value);
}

void pool_supervisor::on_launch(slot_id slot, incarnation_id incarnation) {
  book_[slot.value].launched = incarnation;
  zygote_deaths_.note_launch(slot);
  call([&](slot_control& pool) { pool.start(slot, incarnation); });
  if (starting_ != slot) return;
  starting_.reset();
  start_next();
}

void pool_supervisor::on_ended(const worker_end& end) {
  const bool was_ready = std::exchange(book_[end.slot.value].is_ready, false);
  // Whoever stops has told this slot too, or is about to: no verdict is needed.
  if (!lifecycle_.is_running()) return;
  if (end.shortage_span) return on_shortage(end, was_ready);
  const auto& spec = context_->spec;
  if (end.kind == end_kind::start_failed && end.incarnation == incarnation_id{} &&
      !may_start_again(end.cause))
    return give_up(end.slot, start_refused(spec.name, end.slot, end.cause));

  switch (policy_.decide(end.kind, end.record.status, now(), end.excuse)) {
  case restart_verdict::restart:
    if (end.excuse == restart_excuse::zygote) return on_zygote_death(end, was_ready);
    if (end.excuse == restart_excuse::gets_on) zygote_deaths_.clear();
    return restart(end, was_ready);
  case restart_verdict::complete:
    return send(workers_[end.slot.value], complete_atom::value);
  case restart_verdict::park:
    return park(end, was_ready);
  case restart_verdict::give_up:
    // Its cause knows the signal, but not for what.
    if (!sentence_of(end.reason).empty()) tell_end(end, was_ready, last_end_line);
    return give_up(end.slot,
                   budget_spent(spec.name, end.slot, end.kind, end.record, policy_, end.reason));
  }
}

// The budget allows it; but it sees only what happens within its window.
void pool_supervisor::restart(const worker_end& end, bool was_ready) {
  const bool is_slow = end.kind == end_kind::start_timeout || end.cause.code == errc::timed_out;
  const auto verdict =
      was_ready ? failed_start_verdict::go_on : failed_starts_.note(end.slot, is_slow);
  if (verdict == failed_start_verdict::go_on) return start_again(end, was_ready);
  const auto& spec = context_->spec;
  if (spec.restart.parks_when_exhausted) return park(end, was_ready);
  const bool has_missed_its_limit = verdict == failed_start_verdict::too_slow;
  if (has_missed_its_limit && end.kind == end_kind::start_timeout)
    return give_up(end.slot, start_too_slow(spec.name, end.slot, spec.start.timeout,
                                            failed_starts_.slow(end.slot)));
  give_up(end.slot,
          starts_always_fail(spec.name, end.slot, end.kind, end.record, failed_starts_.failed()));
}

// The budget is for what workers do. This has one of its own.
void pool_supervisor::on_zygote_death(const worker_end& end, bool was_ready) {
  if (zygote_deaths_.note(end.slot, now(), end.uptime) == zygote_death_verdict::go_on)
    return start_again(end, was_ready);
  if (context_->spec.restart.parks_when_exhausted) return park(end, was_ready);
  give_up(end.slot, zygotes_always_die(context_->spec.name, zygote_deaths_));
}

// No crash, so the budget is not asked: the slot tries again, for ever while the pool has a worker.
void pool_supervisor::on_shortage(const worker_end& end, bool was_ready) {
  const bool has_worker =
      std::any_of(book_.begin(), book_.end(), [](const slot_book& one) { return one.is_ready; });
  if (has_worker || *end.shortage_span < start_shortage::span_max)
    return start_again(end, was_ready);
  if (context_->spec.restart.parks_when_exhausted) return park(end, was_ready);
  give_up(end.slot, start_kept_short(context_->spec.name, end.slot, end.cause));
}

// Told first: the line is there before the next worker is.
void pool_supervisor::start_again(const worker_end& end, bool was_ready) {
  tell_end(end, was_ready, [&](const told_end& told) {
    return restart_line(told, {.number = end.restart_number,
                               .pause = end.pause,
                               .excuse = end.excuse,
                               .spent = policy_.spent(),
                               .intensity = policy_.intensity(),
                               .period = policy_.period()});
  });
  send(workers_[end.slot.value], restart_atom::value);
}

void pool_supervisor::park(const worker_end& end, bool was_ready) {
  tell_end(end, was_ready, parked_line);
  send(workers_[end.slot.value], park_atom::value);
}

// What was ordered is not told, nor more than anybody would read.
template<class F>
void pool_supervisor::tell_end(const worker_end& end, bool was_ready, F&& line) {
  const auto& services = context_->services;
  const bool was_ordered = end.reason == end_reason::chaos || end.reason == end_reason::stopped;
  if (!services.log || was_ordered) return;
  const auto answer = rate_.note(now());
  if (answer.look_after) {
    services.timers->schedule_after(*answer.look_after, [gate = context_->gate] {
      if (const auto open = gate.lock()) open->tell_supervisor(untold_atom::value);
    });
  }
  if (!answer.is_told) return;
  const auto worker = worker_name(context_->spec.name, end.slot);
  services.log(line({.worker = worker,
                     .kind = end.kind,
                     .reason = end.reason,
                     .was_ready = was_ready,
                     .record = end.record}));
}

void pool_supervisor::tell_untold() {
  const auto ends = rate_.take_left_out();
  if (ends > 0) context_->services.log(left_out_line(context_->spec.name, ends));
}

void pool_supervisor::give_up(slot_id culprit, const failure& cause) {
  if (!lifecycle_.give_up()) return;
  ++context_->services.counters->give_ups;
  send(workers_[culprit.value], park_atom::value);
  begin_stop_round(stop_mode::quick);
  call([&](slot_control& pool) { pool.give_up(cause); });
}

void pool_supervisor::on_stop(stop_mode mode) {
  if (!lifecycle_.stop(mode)) return;
  begin_stop_round(mode);
  end_if_empty(); // A pool without slots has nothing to wait for.
}

void pool_supervisor::begin_stop_round(stop_mode mode) {
  round_ = {.number = round_.number + 1, .mode = mode, .left = workers_.size()};
  stop_next();
}

void pool_supervisor::stop_next() {
  if (round_.left == 0) return;
  --round_.left;
  send(workers_[round_.left], stop_atom::value, round_.mode, round_.number);
}

void pool_supervisor::on_stopping(std::uint64_t round) {
  if (round == round_.number) stop_next();
}

void pool_supervisor::on_finished(slot_id slot, slot_state state) {
  lifecycle_.note_empty(slot);
  // A pool that has given up hears of its slots together, at the end.
  const bool is_final = state == slot_state::completed || state == slot_state::failed;
  if (is_final && !lifecycle_.has_given_up()) abandon(slot);
  end_if_empty();
}

void pool_supervisor::abandon(slot_id slot) {
  auto& book = book_[slot.value];
  if (std::exchange(book.is_abandoned, true)) return;
  call([&](slot_control& pool) { pool.abandon(slot); });
}

void pool_supervisor::end_if_empty() {
  if (lifecycle_.end()) end();
}

void pool_supervisor::end() {
  tell_untold();
  if (lifecycle_.has_given_up())
    for (std::uint32_t i = 0; i < book_.size(); ++i) abandon(slot_id{i});
  call([](slot_control& pool) { pool.stopped(); });
  const actor_gate::call_scope scope{gate_.get()};
  control_.reset();
}

void pool_supervisor::fail(std::string_view what) noexcept {
  if (!lifecycle_.fail()) return;
  // Each call by itself: what made the supervisor fail may well be the pool.
  const auto attempt = [this](auto&& f) noexcept {
    try {
      call(f);
    } catch (...) {
      // There is nobody left to tell.
    }
  };
  for (auto i = static_cast<std::uint32_t>(book_.size()); i-- > 0;) {
    const auto launched = book_[i].launched;
    if (launched)
      attempt([&](slot_control& pool) {
        pool.signal(slot_id{i}, *launched, SIGKILL, signal_scope::group);
      });
  }
  attempt([&](slot_control& pool) { pool.give_up(supervisor_failed(context_->spec.name, what)); });
  for (std::uint32_t i = 0; i < book_.size(); ++i) {
    if (!std::exchange(book_[i].is_abandoned, true))
      attempt([&](slot_control& pool) { pool.abandon(slot_id{i}); });
  }
  attempt([](slot_control& pool) { pool.stopped(); });
}

template<class F>
void pool_supervisor::call(F&& f) {
  if (!control_) return;
  const actor_gate::call_scope scope{gate_.get()};
  std::forward<F>(f)(*control_);
}

} // namespace troupe::detail
