// Part of Troupe; see LICENSE.

// Workers come and go: the meeting of the pool with its supervisor and the launcher.

#include "troupe/pool/pool_core.hpp"
#include "troupe/pool/worker_lost.hpp"

#include <algorithm>
#include <csignal>

namespace troupe {

bool pool_core::is_current(slot_id slot, incarnation_id incarnation) const {
  const auto& s = slots_[slot.value];
  return s.link && s.link->incarnation() == incarnation;
}

bool pool_core::is_current(const worker_link& link) const {
  return slots_[link.slot().value].link.get() == &link;
}

void pool_core::start(slot_id slot, incarnation_id incarnation) {
  std::shared_ptr<worker_link> link;
  try {
    link = std::make_shared<worker_link>(slot, incarnation, settings_.output_arena_bytes,
                                         weak_from_this());
    environment_->dispatch().watch(link->end().doorbell(), *this);
  } catch (const std::system_error& e) {
    supervision_->on_start_failed(
        slot, incarnation, system_failure("cannot make the rings of a worker", e.code().value()));
    return;
  }
  auto options = settings_.process;
  options.name = settings_.name + "/" + std::to_string(slot.value);
  {
    const std::lock_guard lock{mutex_};
    auto& s = slots_[slot.value];
    s = {};
    s.link = link;
    s.phase = slot_phase::starting;
    s.quota = settings_.recycle.messages_max;
    refresh_load(slot.value);
  }
  link->launch(environment_->processes(), std::move(options), setup_of(slot, incarnation),
               input_memory_);
}

worker_setup pool_core::setup_of(slot_id slot, incarnation_id incarnation) const {
  return {.pool = settings_.name,
          .slot = slot.value,
          .incarnation = incarnation.value,
          .initializer_code = settings_.initializer_code,
          .initializer_payload = settings_.initializer_payload};
}

void pool_core::find_ready_workers(time_point now) {
  bool has_new = false;
  for (auto& s : slots_) {
    if (s.phase != slot_phase::starting || !s.link->is_ready()) continue;
    s.phase = slot_phase::live;
    s.live_since = now;
    has_new = true;
    supervision_->on_ready(s.link->slot(), s.link->incarnation());
  }
  if (!has_new) return;
  choose_fed_slots();
  refill();
}

// Of the live workers, `replicas` get work; the others are the standby.
void pool_core::choose_fed_slots() {
  std::uint32_t fed = 0;
  for (auto& s : slots_) {
    if (s.phase == slot_phase::live && s.is_fed) ++fed;
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& s = slots_[i];
    if (s.phase == slot_phase::live && !s.is_fed && fed < settings_.replicas) {
      s.is_fed = true;
      ++fed;
    }
    refresh_load(i);
  }
}

void pool_core::refresh_load(std::size_t index) {
  const auto& s = slots_[index];
  loads_[index].can_take = s.phase == slot_phase::live && s.is_fed && s.why_killed == doom::none &&
                           !s.is_recycling && !s.link->end().is_full();
}

void pool_core::drain(slot_id slot, incarnation_id incarnation) {
  const std::lock_guard lock{mutex_};
  if (!is_current(slot, incarnation)) return;
  auto& s = slots_[slot.value];
  if (s.phase == slot_phase::live || s.phase == slot_phase::starting) {
    s.phase = slot_phase::draining;
    s.is_fed = false;
  }
  choose_fed_slots();
  drain_all();
  if (phase_ == pool_phase::open && loads_[slot.value].in_flight > 0 && s.quota == 0) {
    take_back_unbegun(slot.value); // Reports on_drained itself when that was all.
  }
  refill();
  arm();
  if (loads_[slot.value].in_flight == 0) supervision_->on_drained(slot, incarnation);
}

void pool_core::signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) {
  const std::lock_guard lock{mutex_};
  if (!is_current(slot, incarnation)) return;
  auto& s = slots_[slot.value];
  // An idle worker leaves by itself, through its exit handlers. One that is not ready may be stuck
  // in its initializer.
  const bool is_idle = loads_[slot.value].in_flight == 0 && s.link->end().is_ready() &&
                       (s.phase == slot_phase::draining || phase_ != pool_phase::open || broken_);
  if (is_idle && signal == settings_.stop.signal) {
    s.link->end().ask_to_stop();
  } else {
    s.link->signal(signal, scope);
  }
}

void pool_core::on_link_exited(worker_link& link, const exit_record& record) {
  const std::lock_guard lock{mutex_};
  if (!environment_ || !supervision_) return; // Written off, and the pool is gone.
  environment_->dispatch().unwatch(link.end().doorbell());
  ++counters_.worker_exits;
  if (is_current(link)) {
    const bool was_running = loads_[link.slot().value].in_flight > 0;
    detach(link.slot().value, record);
    if (was_running && is_excused()) supervision_->recycle(link.slot(), link.incarnation());
  }
  supervision_->on_exited(link.slot(), link.incarnation(), record);
}

void pool_core::on_link_start_failed(worker_link& link, const failure& cause) {
  const std::lock_guard lock{mutex_};
  if (!environment_ || !supervision_ || !is_current(link)) return;
  environment_->dispatch().unwatch(link.end().doorbell());
  slots_[link.slot().value] = {};
  refresh_load(link.slot().value);
  supervision_->on_start_failed(link.slot(), link.incarnation(), cause);
}

void pool_core::on_link_output(worker_link& link, output_stream stream, std::string_view line) {
  {
    const std::lock_guard lock{mutex_};
    if (!is_current(link)) return; // Written off: the environment may be gone.
  }
  environment_->take_output(settings_.name + "/" + std::to_string(link.slot().value), stream, line);
}

// With the default budget, a death in a task counts only when no task has succeeded since the last
// such death: a pool that is there to survive crashing tasks must not break while it gets on. A
// budget that was set is kept to the letter, and so are rules by which a worker may stay away.
// Recycling is a restart that does not count.
bool pool_core::is_excused() {
  const auto& rules = settings_.restart;
  const bool is_always_restarted =
      rules.policy == restart_type::permanent && rules.prevent_exit.empty();
  return is_always_restarted && !rules.intensity && std::exchange(has_succeeded_, false);
}

// The worker is dead and its memory final: answers count, the task it had begun is an attempt, all
// others go back to the front in their order.
void pool_core::detach(std::size_t index, const exit_record& record) {
  drain_slot(index);
  auto& s = slots_[index];
  auto& end = s.link->end();
  for (auto position = end.tail(); position-- > end.head();) {
    if (end.is_revoked(position)) continue;
    settle_lost(*reinterpret_cast<task_state*>(end.tag_at(position)), position, s, record);
  }
  loads_[index] = {};
  std::erase(busy_, static_cast<std::uint32_t>(index));
  if (favourite_ == index) favourite_ = scheduler::nobody;
  const auto link = std::move(s.link); // Waiting threads may hold it for a moment longer.
  s = {};
  link->end().wake_waiters();
  choose_fed_slots();
  refill();
  arm();
}

void pool_core::settle_lost(task_state& task, std::uint64_t position, seat& from,
                            const exit_record& record) {
  auto& end = from.link->end();
  const auto payload = end.payload_at(position);
  const bool is_begun = end.fate(position) != ipc::job_fate::not_begun;
  // It may have died of itself just before the limit; then that is the news.
  const bool is_doomed = from.why_killed == doom::timed_out && from.doomed_position == position &&
                         record.status == exit_status::killed_by(SIGKILL);
  task.slot = task_state::no_slot;
  store_payload(task, payload);
  if (is_begun) ++task.attempts;
  if (is_begun && phase_ == pool_phase::terminated) {
    release_payload(task);
    return resolve(task, outcome::cancelled);
  }
  if (is_begun && is_doomed) {
    ++counters_.timed_out;
    auto detail = std::make_unique<task_detail>();
    detail->cause = {errc::timed_out, "task " + std::to_string(task.id) + " of pool '" +
                                          settings_.name + "' ran longer than its limit of " +
                                          std::to_string(task.time_limit_ns / 1'000'000) +
                                          " ms; its worker was killed"};
    detail->record = std::make_unique<exit_record>(record);
    return fail(task, outcome::timed_out, std::move(detail));
  }
  if (is_begun && broken_) {
    // Its worker was stopped because the pool has given up.
    auto detail = std::make_unique<task_detail>();
    detail->cause = *broken_;
    return fail(task, outcome::failed, std::move(detail));
  }
  if (is_begun && task.attempts >= task.attempts_max) {
    ++counters_.lost;
    auto detail = std::make_unique<task_detail>();
    detail->cause.code = errc::worker_lost;
    detail->record = std::make_unique<exit_record>(record);
    detail->task = task.id;
    return fail(task, outcome::lost, std::move(detail));
  }
  if (is_begun) ++counters_.retried;
  push_backlog(task, true);
}

void pool_core::abandon(slot_id slot) {
  const std::lock_guard lock{mutex_};
  slots_[slot.value].phase = slot_phase::dead;
  const bool is_last = std::all_of(slots_.begin(), slots_.end(), [](const auto& s) {
    return s.phase == slot_phase::dead && !s.link;
  });
  if (is_last && !broken_) {
    broken_ = failure{errc::broken, "pool '" + settings_.name +
                                        "' has no worker left and its restart rules allow no more"};
    fail_backlog(*broken_);
  }
}

void pool_core::give_up(const failure& cause) {
  const std::lock_guard lock{mutex_};
  if (!broken_) broken_ = with_context(cause, "pool '" + settings_.name + "' gave up");
  environment_->log(broken_->message);
  fail_backlog(*broken_);
}

void pool_core::fail_backlog(const failure& cause) {
  while (backlog_first_ != nullptr) {
    auto& task = *backlog_first_;
    backlog_first_ = task.next;
    --backlog_size_;
    if (task.is_resolved()) {
      --withdrawn_;
      task_port::drop_handle(task);
      continue;
    }
    if (cause.code == errc::cancelled) {
      release_payload(task);
      resolve(task, outcome::cancelled);
      continue;
    }
    auto detail = std::make_unique<task_detail>();
    detail->cause = cause;
    fail(task, outcome::failed, std::move(detail));
  }
  backlog_last_ = nullptr;
  roomless_ = 0;
}

void pool_core::stopped() {
  const std::lock_guard lock{mutex_};
  is_stopped_ = true;
  fail_backlog(broken_ ? *broken_
                       : failure{errc::cancelled, "pool '" + settings_.name + "' has stopped"});
  changed_.notify_all();
}

} // namespace troupe
