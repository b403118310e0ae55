// Part of Troupe; see LICENSE.

// Workers come and go: the meeting of the pool with its supervisor and the launcher.

#include "troupe/pool/pool_core.hpp"
#include "troupe/pool/worker_lost.hpp"

#include <algorithm>
#include <csignal>

namespace troupe {

namespace {
// Workers that are given up over one task before it fails.
constexpr std::uint8_t refusals_max = 2;
} // namespace

void pool_core::start(slot_id slot, incarnation_id incarnation) {
  const auto link = slots_.make_link(slot, incarnation, weak_from_this(), *this);
  if (!link) return;
  {
    const std::lock_guard lock{mutex_};
    slots_.seat(link);
    sentences_[slot.value] = {};
    refresh_load(slot.value);
  }
  slots_.launch(*link, settings_.process, input_memory_);
}

void pool_core::find_ready_workers(time_point now) {
  bool has_new = false;
  for (std::size_t i = 0; i < slots_.size(); ++i) has_new = slots_.take_ready(i, now) || has_new;
  if (!has_new) return;
  choose_fed_slots();
  refill();
}

// Of the live workers, `replicas` get work; the others are the standby.
void pool_core::choose_fed_slots() {
  std::uint32_t fed = 0;
  for (const auto& s : slots_) {
    if (s.phase == worker_phase::live && s.is_fed) ++fed;
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& s = slots_[i];
    if (s.phase == worker_phase::live && !s.is_fed && fed < settings_.replicas) {
      s.is_fed = true;
      ++fed;
    }
    refresh_load(i);
  }
}

void pool_core::refresh_load(std::size_t index) {
  const auto& s = slots_[index];
  loads_[index].can_take = s.phase == worker_phase::live && s.is_fed && !s.is_condemned &&
                           !s.is_recycling && !s.link->end().is_full();
}

void pool_core::drain(slot_id slot, incarnation_id incarnation) {
  const std::lock_guard lock{mutex_};
  if (!slots_.drain(slot, incarnation)) return;
  choose_fed_slots();
  drain_all();
  if (phase_ == pool_phase::open && loads_[slot.value].in_flight > 0 &&
      slots_[slot.value].quota == 0) {
    // Reports on_drained itself when that was all.
    take_back_unbegun(slot.value, slots_[slot.value].link->end().head());
  }
  refill();
  arm();
  if (loads_[slot.value].in_flight == 0) slots_.tell_drained(slot.value);
}

void pool_core::signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) {
  const std::lock_guard lock{mutex_};
  if (!slots_.is_current(slot, incarnation)) return;
  const bool gets_no_more =
      slots_[slot.value].phase == worker_phase::draining || phase_ != pool_phase::open || broken_;
  slots_.signal(slot.value, signal, scope, gets_no_more && loads_[slot.value].in_flight == 0);
}

void pool_core::on_link_started(worker_link& link) {
  const std::lock_guard lock{mutex_};
  if (!slots_.is_current(link)) return; // Written off: the environment may be gone.
  environment_->dispatch().wake();
}

void pool_core::on_link_exited(worker_link& link, const exit_record& record) {
  const std::lock_guard lock{mutex_};
  if (!environment_ || !slots_.is_supervised()) return; // Written off, and the pool is gone.
  ++counters_.worker_exits;
  if (slots_.take_exit(link)) {
    drain_all(); // What was done counts, whoever did it, and what was answered is no more at work.
    slots_.excuse(link, excuse_of(link, record.status));
    detach(link.slot().value, record);
  }
  slots_.tell_exited(link, record);
}

void pool_core::on_link_start_failed(worker_link& link, const failure& cause) {
  const std::lock_guard lock{mutex_};
  if (!environment_ || !slots_.is_supervised()) return;
  if (!slots_.take_start_failure(link, cause)) return;
  sentences_[link.slot().value] = {};
  refresh_load(link.slot().value);
}

void pool_core::on_link_output(worker_link& link, output_stream stream, std::string_view line) {
  {
    const std::lock_guard lock{mutex_};
    if (!slots_.is_current(link)) return; // Written off: the environment may be gone.
  }
  environment_->take_output(slots_.name_of(link.slot()), stream, line);
}

// A pool that is there to survive crashing tasks must not break while it gets on, nor because of
// somebody who kills what is healthy. A budget that was set is kept to the letter.
restart_excuse pool_core::excuse_of(worker_link& link, exit_status status) {
  const auto& rules = settings_.restart;
  if (rules.intensity || rules.period != restart_spec{}.period) return restart_excuse::none;
  const auto& s = slots_[link.slot().value];
  if (s.is_recycling || s.phase == worker_phase::draining) return restart_excuse::none;
  const bool was_ready = link.end().is_ready();
  if (was_ready && std::exchange(has_succeeded_, false)) return restart_excuse::gets_on;
  if (s.is_condemned || !is_killed_from_outside(status)) return restart_excuse::none;
  const bool was_idle = was_ready && loads_[link.slot().value].in_flight == 0;
  return was_idle || has_succeeded_ ? restart_excuse::outside : restart_excuse::none;
}

// The worker is dead and its memory final: answers count, the task it had begun is an attempt, all
// others go back to the front in their order.
void pool_core::detach(std::size_t index, const exit_record& record) {
  drain_slot(index);
  auto& end = slots_[index].link->end();
  for (auto position = end.tail(); position-- > end.head();) {
    if (end.is_revoked(position)) continue;
    settle_lost(*reinterpret_cast<task_state*>(end.tag_at(position)), position, index, record);
  }
  loads_[index] = {};
  std::erase(busy_, static_cast<std::uint32_t>(index));
  if (favourite_ == index) favourite_ = scheduler::nobody;
  const auto link = slots_.clear(index); // Waiting threads may hold it for a moment longer.
  sentences_[index] = {};
  link->end().wake_waiters();
  choose_fed_slots();
  refill();
  arm();
}

failure pool_core::time_limit_exceeded(const task_state& task, const exit_record& record) const {
  constexpr std::int64_t us_ns = 1'000;
  constexpr std::int64_t ms_ns = 1'000 * us_ns;
  const bool is_whole_ms = task.time_limit_ns % ms_ns == 0;
  const auto limit = is_whole_ms ? std::to_string(task.time_limit_ns / ms_ns) + " ms"
                                 : std::to_string(task.time_limit_ns / us_ns) + " us";
  return {errc::time_limit,
          "task " + std::to_string(task.id) + " of pool '" + settings_.name +
              "' ran longer than its limit of " + limit + " and was killed, with worker " +
              record.name + " (pid " + std::to_string(record.pid) +
              "); raise pool_options::task_timeout or task_options::timeout if it may take longer"};
}

// Nobody can know whether workers that say nothing began it; it is not tried for ever.
void pool_core::fail_refused(task_state& task, const exit_record& record) {
  const bool has_limit = task.time_limit_ns != 0;
  ++(has_limit ? counters_.timed_out : counters_.lost);
  auto detail = std::make_unique<task_detail>();
  detail->cause = {has_limit ? errc::time_limit : errc::worker_lost,
                   "task " + std::to_string(task.id) + " of pool '" + settings_.name +
                       "' was given to " + std::to_string(refusals_max) +
                       " workers, and none said in time that it began; the last was " +
                       record.name + " (pid " + std::to_string(record.pid) +
                       "); look whether workers are stopped, or write over their memory"};
  detail->record = std::make_unique<exit_record>(record);
  detail->task = task.id;
  fail(task, has_limit ? outcome::timed_out : outcome::lost, std::move(detail));
}

void pool_core::settle_lost(task_state& task, std::uint64_t position, std::size_t index,
                            const exit_record& record) {
  const auto& verdict = sentences_[index];
  auto& end = slots_[index].link->end();
  const auto payload = end.payload_at(position);
  const bool is_judged = verdict.why != end_reason::by_itself && verdict.position == position;
  // Of a worker that ran out of time or lied, the task it was judged by was in hand.
  const bool is_in_hand = is_judged && (verdict.why == end_reason::task_timeout ||
                                        verdict.why == end_reason::corrupt_answer);
  const bool is_begun = is_in_hand || end.fate(position) != ipc::job_fate::not_begun;
  // It may have died of itself just before the limit; then that is the news.
  const bool is_doomed = verdict.why == end_reason::task_timeout && verdict.position == position &&
                         record.status == exit_status::killed_by(SIGKILL);
  task.slot = task_state::no_slot;
  store_payload(task, payload);
  const bool is_refused = !is_begun && is_judged && verdict.why == end_reason::unresponsive;
  if (is_refused && ++task.refusals >= refusals_max && phase_ != pool_phase::terminated) {
    return fail_refused(task, record);
  }
  if (is_begun) ++task.attempts;
  if (is_begun && phase_ == pool_phase::terminated) {
    release_payload(task);
    task.was_running = true;
    return resolve(task, outcome::cancelled);
  }
  if (is_begun && is_doomed) {
    ++counters_.timed_out;
    auto detail = std::make_unique<task_detail>();
    detail->cause = time_limit_exceeded(task, record);
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
  slots_[slot.value].phase = worker_phase::dead;
  const bool is_last = std::all_of(slots_.begin(), slots_.end(), [](const auto& s) {
    return s.phase == worker_phase::dead && !s.link;
  });
  if (is_last && !broken_) {
    broken_ = failure{errc::broken, "pool '" + settings_.name +
                                        "' has no worker left and its restart rules allow no more"};
    fail_backlog(*broken_);
  }
}

void pool_core::give_up(const failure& cause) {
  const std::lock_guard lock{mutex_};
  if (!broken_) broken_ = cause;
  environment_->log(broken_->message);
  fail_backlog(*broken_);
}

void pool_core::fail_backlog(const failure& cause) {
  while (backlog_size_ > 0) {
    drop_withdrawn(ready_);
    drop_withdrawn(roomless_);
    if (backlog_size_ == 0) return;
    auto& task = (ready_.is_empty() ? roomless_ : ready_).pop_first();
    --backlog_size_;
    if (cause.code == errc::cancelled) {
      release_payload(task);
      resolve(task, outcome::cancelled);
      continue;
    }
    auto detail = std::make_unique<task_detail>();
    detail->cause = cause;
    fail(task, outcome::failed, std::move(detail));
  }
}

void pool_core::stopped() {
  const std::lock_guard lock{mutex_};
  is_stopped_ = true;
  fail_backlog(broken_ ? *broken_
                       : failure{errc::cancelled, "pool '" + settings_.name + "' has stopped"});
  changed_.notify_all();
}

} // namespace troupe
