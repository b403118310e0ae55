// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/worker_actor.hpp"

#include "troupe/base/shortage.hpp"
#include "troupe/process/launcher.hpp"
#include "troupe/supervision/detail/error_bridge.hpp"
#include "troupe/supervision/detail/status_query.hpp"
#include "troupe/supervision/give_up_cause.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace troupe::detail {

namespace {
// Who kills healthy workers, or zygotes, may do so as soon as they are there.
constexpr auto outside_pause_min = std::chrono::milliseconds{10};
constexpr auto outside_pause_max = std::chrono::milliseconds{250};
} // namespace

worker_actor::worker_actor(caf::actor_config& config, std::shared_ptr<const pool_context> context,
                           slot_id slot)
    : caf::event_based_actor{config}, context_{std::move(context)}, slot_{slot}, since_{now()},
      backoff_{context_->spec.restart.backoff}, ladder_{context_->spec.stop},
      outside_pause_{outside_pause_min, outside_pause_max} {
  last_end_.slot = slot_;
}

caf::behavior worker_actor::make_behavior() {
  set_handlers();
  return {
      [this](adopt_atom, const caf::actor_addr& supervisor) { supervisor_ = supervisor; },
      [this](start_atom) { apply(slot_event::start); },
      [this](stop_atom, stop_mode mode, std::uint64_t round) { on_stop(mode, round); },
      [this](restart_atom) { apply(slot_event::restart); },
      [this](complete_atom) { apply(slot_event::complete); },
      [this](park_atom) { apply(slot_event::park); },
      [this](ready_atom, incarnation_id id) { on_worker_event(slot_event::ready, id); },
      [this](drained_atom, incarnation_id id) { on_worker_event(slot_event::drained, id); },
      [this](recycle_atom, incarnation_id id) { on_worker_event(slot_event::recycle, id); },
      [this](reason_atom, incarnation_id id, end_reason reason) { on_reason(id, reason); },
      [this](excuse_atom, incarnation_id id, restart_excuse why) {
        if (is_current(id)) excuse_ = why;
      },
      [this](exited_atom, incarnation_id id, const exit_record& record) { on_exited(id, record); },
      [this](unstarted_atom, incarnation_id id, const failure& cause) {
        on_start_failed(id, cause);
      },
      [this](timer_atom, duration scheduled) { on_wake(scheduled); },
      [this](query_atom, const status_query_ptr& query) { on_query(query); },
  };
}

void worker_actor::set_handlers() {
  set_exception_handler([](std::exception_ptr& thrown) { return to_caf_error(thrown); });
  set_exit_handler([this](caf::exit_msg& message) { quit(message.reason); });
  set_down_handler([](caf::down_msg&) {});
  set_error_handler([](caf::error&) {});
  set_default_handler(caf::drop);
}

void worker_actor::on_exit() {
  supervisor_ = nullptr;
}

void worker_actor::on_stop(stop_mode mode, std::uint64_t round) {
  asked_mode_ = mode;
  apply(slot_event::stop);
  // After the actions, so that the supervisor stops the next slot only when it has done them.
  tell_supervisor(stopping_atom::value, round);
}

void worker_actor::on_worker_event(slot_event event, incarnation_id incarnation) {
  if (is_current(incarnation)) apply(event);
}

void worker_actor::on_reason(incarnation_id incarnation, end_reason reason) {
  if (is_current(incarnation) && noted_reason_ == end_reason::by_itself) noted_reason_ = reason;
}

void worker_actor::on_exited(incarnation_id incarnation, exit_record record) {
  if (!is_current(incarnation)) return;
  const bool was_late = phase_ == slot_phase{slot_state::stopping, stop_purpose::start_timeout};
  last_reason_ = reason_of_end();
  if (record.went_with_zygote) excuse_by_zygote();
  note_end(was_late ? end_kind::start_timeout : end_kind::exited, std::move(record));
  apply(slot_event::exited);
}

void worker_actor::on_start_failed(incarnation_id incarnation, const failure& cause) {
  if (!is_current(incarnation)) return;
  auto record = exit_record{};
  record.stderr_tail.push_back(cause.message);
  last_reason_ = end_reason::start_failed;
  if (cause.os_error == zygote_loss_error) excuse_by_zygote();
  note_end(end_kind::start_failed, std::move(record));
  last_end_.cause = cause;
  if (is_shortage(cause.os_error)) {
    shortage_.note(now());
    last_end_.shortage_span = shortage_.span(now());
  } else {
    shortage_.clear();
  }
  apply(slot_event::start_failed);
}

// One that was killed for what it did was dying already.
void worker_actor::excuse_by_zygote() {
  const bool is_condemned = noted_reason_ != end_reason::by_itself;
  if (!is_condemned && excuse_ != restart_excuse::gets_on) excuse_ = restart_excuse::zygote;
}

void worker_actor::on_wake(duration scheduled) {
  const auto answer = timer_.on_wake(time_point{scheduled}, now());
  if (answer.wake_again) wake_at(*answer.wake_again);
  if (answer.is_due) apply(slot_event::timer);
}

void worker_actor::on_query(const status_query_ptr& query) const {
  query->fill({.slot = slot_,
               .incarnation = incarnation_,
               .state = phase_.state,
               .restarts = restarts_,
               .last_exit = last_end_.record,
               .last_incarnation = last_end_.incarnation,
               .last_reason = last_reason_,
               .since = since_});
}

bool worker_actor::is_current(incarnation_id incarnation) {
  if (has_launched_ && incarnation == incarnation_) return true;
  perform(slot_action::refuse);
  return false;
}

void worker_actor::apply(slot_event event) {
  const auto step = advance(phase_, event);
  if (step.phase.state != phase_.state) since_ = now();
  phase_ = step.phase;
  perform(step.action);
}

void worker_actor::perform(slot_action action) {
  switch (action) {
  case slot_action::nothing:
    return;
  case slot_action::refuse:
    ++context_->services.counters->stale_events;
    return;
  case slot_action::launch:
    return launch_worker();
  case slot_action::serve:
    ready_at_ = now();
    shortage_.clear();
    tell_supervisor(ready_atom::value, slot_);
    return timer_.clear();
  case slot_action::ask:
    return ask();
  case slot_action::pause:
    return pause();
  case slot_action::begin_stop:
    return take(ladder_.begin(asked_mode_));
  case slot_action::begin_early:
    return take(ladder_.begin(std::max(asked_mode_, stop_mode::quick)));
  case slot_action::begin_recycle:
    ++context_->services.counters->recycles;
    return take(ladder_.begin_recycling());
  case slot_action::begin_kill:
    tell_slow_start();
    return take(ladder_.begin(stop_mode::kill));
  case slot_action::harden_stop:
    return take(ladder_.harden(asked_mode_));
  case slot_action::note_drained:
    return take(ladder_.on_drained());
  case slot_action::climb:
    return take(ladder_.on_timeout());
  case slot_action::finish:
    timer_.clear();
    return tell_supervisor(finished_atom::value, slot_, phase_.state);
  }
}

void worker_actor::launch_worker() {
  if (has_launched_) incarnation_ = incarnation_.next();
  has_launched_ = true;
  noted_reason_ = end_reason::by_itself;
  excuse_ = restart_excuse::none;
  ready_at_.reset();
  ++context_->services.counters->starts;
  const auto limit = context_->spec.start.timeout;
  if (limit > duration::zero())
    arm(limit);
  else
    timer_.clear();
  tell_supervisor(launch_atom::value, slot_, incarnation_);
}

void worker_actor::tell_slow_start() const {
  const auto& spec = context_->spec;
  if (context_->services.log)
    context_->services.log(slow_start_line(spec.name, slot_, spec.start.timeout));
}

void worker_actor::ask() {
  timer_.clear();
  last_end_.reason = last_reason_;
  last_end_.uptime = ready_at_ ? now() - *ready_at_ : duration::zero();
  last_end_.restart_number = shortage_.is_on() ? 0 : restarts_ + 1;
  last_end_.pause = shortage_.is_on() ? shortage_.pause() : next_pause();
  tell_supervisor(ended_atom::value, last_end_);
}

void worker_actor::pause() {
  if (shortage_.is_on()) return arm(last_end_.pause); // Nothing has crashed: not counted.
  ++restarts_;
  ++context_->services.counters->restarts;
  const auto span = last_end_.pause;
  // A worker without backoff is not kept waiting for the way through the reactor.
  if (span > duration::zero())
    arm(span);
  else
    apply(slot_event::timer);
}

duration worker_actor::next_pause() {
  if (excuse_ == restart_excuse::gets_on) {
    outside_pause_.reset();
    return duration::zero();
  }
  const auto uptime = ready_at_ ? std::optional{now() - *ready_at_} : std::nullopt;
  if (excuse_ != restart_excuse::none && uptime && *uptime >= zygote_deaths::uptime_long)
    outside_pause_.reset();
  // The worker had no part in it.
  if (excuse_ == restart_excuse::zygote) return outside_pause_.take();
  const auto span = backoff_.next(uptime, context_->services.random());
  if (excuse_ == restart_excuse::none) return span;
  return std::max<duration>(span, outside_pause_.take());
}

void worker_actor::take(const stop_step& step) {
  const auto& stop = context_->spec.stop;
  switch (step.action) {
  case stop_action::nothing:
    return;
  case stop_action::limit_drain:
    break;
  case stop_action::drain:
    tell_supervisor(drain_atom::value, slot_, incarnation_);
    break;
  case stop_action::signal_first:
    send_signal(stop.signal,
                stop.scope == signal_scope::group ? signal_scope::group_with_time : stop.scope);
    break;
  case stop_action::signal_final:
    send_signal(stop.final_signal, signal_scope::group);
    break;
  }
  if (step.wait)
    arm(*step.wait);
  else
    timer_.clear();
}

void worker_actor::send_signal(int number, signal_scope scope) {
  tell_supervisor(signal_atom::value, slot_, incarnation_, number, scope);
  // A stopped process keeps every signal but KILL pending until it is continued.
  if (number != SIGKILL) tell_supervisor(signal_atom::value, slot_, incarnation_, SIGCONT, scope);
}

void worker_actor::note_end(end_kind kind, exit_record record) {
  if (record.name.empty()) record.name = worker_name(context_->spec.name, slot_);
  last_end_.incarnation = incarnation_;
  last_end_.kind = kind;
  last_end_.record = std::move(record);
  last_end_.cause = {};
  last_end_.shortage_span.reset();
  last_end_.excuse = excuse_;
}

// Of a worker that ends in the present phase.
end_reason worker_actor::reason_of_end() const {
  if (noted_reason_ != end_reason::by_itself) return noted_reason_;
  if (phase_.state != slot_state::stopping) return end_reason::by_itself;
  switch (phase_.purpose) {
  case stop_purpose::stop:
    return end_reason::stopped;
  case stop_purpose::recycle:
    return end_reason::recycled;
  case stop_purpose::start_timeout:
    return end_reason::start_timeout;
  }
  return end_reason::by_itself;
}

void worker_actor::arm(duration delay) {
  const auto start = now();
  const auto due = delay < time_point::max() - start ? start + delay : time_point::max();
  if (timer_.set(due)) wake_at(due);
}

void worker_actor::wake_at(time_point when) {
  context_->services.timers->schedule_after(
      when - now(), [gate = context_->gate, slot = slot_, scheduled = when.time_since_epoch()] {
        if (const auto open = gate.lock()) open->tell_worker(slot, timer_atom::value, scheduled);
      });
}

template<class... Ts>
void worker_actor::tell_supervisor(Ts&&... parts) {
  const auto supervisor = caf::actor_cast<caf::actor>(supervisor_);
  if (supervisor) send(supervisor, std::forward<Ts>(parts)...);
}

} // namespace troupe::detail
