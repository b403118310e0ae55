// Part of Troupe; see LICENSE.

// What only time brings to a pool: limits, health, work stolen back, recycling by age and memory.

#include "troupe/os/memory_use.hpp"
#include "troupe/pool/pool_core.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr auto tick_period = std::chrono::milliseconds{10};
constexpr auto fine_tick_period = std::chrono::microseconds{400};
// The dispatcher keeps ticking this long after the last task, so that a pool which is used now and
// then does not wake it for every task.
constexpr auto linger = std::chrono::seconds{1};
// A worker that has not begun its job by then has missed its wake-up; ring it again.
constexpr auto unnoticed_max = std::chrono::milliseconds{10};
// ... and by then it is stopped or stuck outside any task: replace it.
constexpr auto unresponsive_max = std::chrono::seconds{5};
constexpr auto recycle_check_period = std::chrono::seconds{1};

} // namespace

time_point pool_core::tick(time_point now) {
  const std::lock_guard lock{mutex_};
  find_ready_workers(now);
  drain_all();
  if (backlog_first_ != nullptr) refill(); // Whatever hindered it may have gone unnoticed.
  auto next = time_point::max();
  // By copy: a condemned or emptied slot changes the list.
  const auto busy = busy_;
  for (const auto index : busy) next = std::min(next, check_slot(index, now));
  if (is_fine_ticking_) is_fine_ticking_ = steal_back(now);
  arm();
  drain_all();
  const bool has_recycling =
      settings_.recycle.age_max > duration::zero() || settings_.recycle.memory_max_bytes > 0;
  if (has_recycling && now >= next_recycle_check_) {
    next_recycle_check_ = now + recycle_check_period;
    for (std::size_t i = 0; i < slots_.size(); ++i) check_recycling(i, now);
  }
  if (was_active_) last_activity_ = now;
  was_active_ = false;
  needs_kick_ = false;
  is_ticking_ = unresolved_ > 0 || has_recycling || now - last_activity_ < linger;
  if (is_fine_ticking_) return std::min(next, now + fine_tick_period);
  return is_ticking_ ? std::min(next, now + tick_period) : next;
}

time_point pool_core::check_slot(std::size_t index, time_point now) {
  auto& s = slots_[index];
  if (!s.link || s.phase == slot_phase::starting || loads_[index].in_flight == 0) {
    return time_point::max();
  }
  if (s.has_moved) {
    s.has_moved = false;
    s.head_since = now;
  }
  if (s.why_killed != doom::none) return time_point::max();
  return check_head(index, now);
}

time_point pool_core::check_head(std::size_t index, time_point now) {
  auto& s = slots_[index];
  auto& end = s.link->end();
  const auto head = end.head();
  if (end.is_revoked(head)) return time_point::max();
  const auto waited = now - s.head_since;
  if (end.fate(head) == ipc::job_fate::not_begun) {
    if (waited > unresponsive_max) {
      condemn(index, doom::unresponsive);
    } else if (waited > unnoticed_max) {
      end.wake_anyway();
    }
    return time_point::max();
  }
  auto& task = *reinterpret_cast<task_state*>(end.tag_at(head));
  const auto over = 4 * duration{task.profile->estimate_ns} + fine_tick_period;
  loads_[index].is_stalled = waited > over;
  if (task.time_limit_ns == 0) return time_point::max();
  const auto limit = s.head_since + duration{task.time_limit_ns};
  if (now < limit) return limit;
  condemn(index, doom::timed_out);
  return time_point::max();
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
  if (!has_waiting || !has_idle || backlog_first_ != nullptr) return has_waiting;
  const auto busy = busy_;
  for (const auto index : busy) {
    if (loads_[index].in_flight < scheduler::ahead_tasks_min || slots_[index].has_moved) continue;
    if (now - slots_[index].head_since < fine_tick_period / 2) continue;
    take_back_unbegun(index);
  }
  refill();
  return true;
}

// Puts every task the worker has not begun back in front of the backlog, in order.
void pool_core::take_back_unbegun(std::size_t index) {
  auto& s = slots_[index];
  auto& end = s.link->end();
  for (auto position = end.tail(); position-- > end.head();) {
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

void pool_core::check_recycling(std::size_t index, time_point now) {
  auto& s = slots_[index];
  if (s.phase != slot_phase::live || s.is_recycling) return;
  const auto& limits = settings_.recycle;
  const bool is_old = limits.age_max > duration::zero() && now - s.live_since >= limits.age_max;
  const bool is_fat = limits.memory_max_bytes > 0 && s.link->pid() > 0 &&
                      os::resident_bytes(s.link->pid()) > limits.memory_max_bytes;
  if (!is_old && !is_fat) return;
  s.is_recycling = true;
  supervision_->recycle(s.link->slot(), s.link->incarnation());
}

} // namespace troupe
