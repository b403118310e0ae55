// Part of Troupe; see LICENSE.

// What only time brings to a pool: limits, health, work stolen back, recycling.

#include "troupe/pool/pool_core.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr auto tick_period = std::chrono::milliseconds{10};
constexpr auto fine_tick_period = std::chrono::microseconds{400};
// The dispatcher keeps ticking this long after the last task, so that a pool which is used now and
// then does not wake it for every task.
constexpr auto linger = std::chrono::seconds{1};
// A worker that does not say that it began a task with a limit has this much longer than the limit:
// it may be stopped, or lie.
constexpr auto begin_grace = std::chrono::seconds{2};

task_state& task_at(const ipc::host_end& end, std::uint64_t position) {
  return *reinterpret_cast<task_state*>(end.tag_at(position));
}

} // namespace

time_point pool_core::tick(time_point now) {
  const std::lock_guard lock{mutex_};
  find_ready_workers(now);
  drain_all();
  if (backlog_size_ > 0) refill(); // Whatever hindered it may have gone unnoticed.
  auto next = time_point::max();
  // By copy: a condemned or emptied slot changes the list.
  const auto busy = busy_;
  for (const auto index : busy) next = std::min(next, check_slot(index, now));
  if (is_fine_ticking_) is_fine_ticking_ = steal_back(now);
  arm();
  drain_all();
  next = std::min(next, slots_.check_recycling(now));
  if (was_active_) last_activity_ = now;
  was_active_ = false;
  needs_kick_ = false;
  is_ticking_ = unresolved_ > 0 || now - last_activity_ < linger;
  if (is_fine_ticking_) return std::min(next, now + fine_tick_period);
  return is_ticking_ ? std::min(next, now + tick_period) : next;
}

time_point pool_core::check_slot(std::size_t index, time_point now) {
  const auto& s = slots_[index];
  if (!s.link || s.phase == worker_phase::starting || loads_[index].in_flight == 0) {
    return time_point::max();
  }
  const auto& end = s.link->end();
  const bool is_revoked = end.is_revoked(end.head());
  const auto limit_ns = is_revoked ? 0 : task_at(end, end.head()).time_limit_ns;
  const auto patience =
      limit_ns == 0 ? worker_slots::patience_max
                    : std::min(worker_slots::patience_max, duration{limit_ns} + begin_grace);
  const auto head = slots_.look_at_head(index, now, patience);
  if (s.is_condemned) return time_point::max();
  switch (head) {
  case worker_slots::head_state::waiting:
    return time_point::max();
  case worker_slots::head_state::unresponsive:
    condemn(index, end_reason::unresponsive);
    return time_point::max();
  case worker_slots::head_state::begun:
    return check_running(index, now);
  case worker_slots::head_state::lying:
    // By our own clock and ledger the task is the worker's, whatever it says: its limit ends it.
    if (limit_ns != 0) return check_running(index, now);
    condemn(index, end_reason::corrupt_answer);
    return time_point::max();
  }
  return time_point::max();
}

time_point pool_core::check_running(std::size_t index, time_point now) {
  const auto& s = slots_[index];
  const auto& end = s.link->end();
  const auto waited = now - s.head_since;
  auto& task = *reinterpret_cast<task_state*>(end.tag_at(end.head()));
  const auto over = 4 * duration{task.profile->estimate_ns} + fine_tick_period;
  loads_[index].is_stalled = waited > over;
  if (task.time_limit_ns == 0) return time_point::max();
  const auto limit = s.head_since + duration{task.time_limit_ns};
  if (now < limit) return limit;
  // It may end just now, and its worker would begin the next one, which must not pay for it: so
  // there is none before it is looked for the last time. The one that is judged stays, whatever
  // its worker says.
  const auto judged = end.head();
  take_back_unbegun(index, judged + 1);
  drain_slot(index);
  const bool has_ended = end.head() != judged || loads_[index].in_flight == 0;
  if (!has_ended) condemn(index, end_reason::task_timeout);
  refill();
  return has_ended ? now : time_point::max();
}

// Moves tasks that wait behind a long one to workers with nothing to do. Returns whether anything
// is left that may need it.
bool pool_core::steal_back(time_point now) {
  bool has_waiting = false;
  bool has_idle = false;
  for (const auto& load : loads_) {
    has_waiting = has_waiting || load.in_flight >= scheduler::ahead_tasks_min;
    has_idle = has_idle || (load.can_take && load.in_flight == 0);
  }
  if (!has_waiting || !has_idle || has_sendable()) return has_waiting;
  const auto busy = busy_;
  for (const auto index : busy) {
    if (loads_[index].in_flight < scheduler::ahead_tasks_min || slots_[index].has_moved) continue;
    if (now - slots_[index].head_since < fine_tick_period / 2) continue;
    take_back_unbegun(index, slots_[index].link->end().head());
  }
  refill();
  return true;
}

// Puts every task from a position on that the worker has not begun back in front of the backlog, in
// order.
void pool_core::take_back_unbegun(std::size_t index, std::uint64_t first) {
  auto& s = slots_[index];
  auto& end = s.link->end();
  for (auto position = end.tail(); position-- > first;) {
    if (end.is_revoked(position)) continue;
    auto& task = *reinterpret_cast<task_state*>(end.tag_at(position));
    if (!revoke(task)) continue;
    task.slot = task_state::no_slot;
    push_backlog(task, true);
    ++counters_.taken_back;
  }
  refresh_load(index);
  if (loads_[index].in_flight == 0) note_emptied(index);
}

} // namespace troupe
