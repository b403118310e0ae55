// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <span>

namespace troupe {

/// What the scheduler knows of one worker.
struct worker_load {
  std::int64_t queued_ns = 0;  ///< Estimated time of all it holds.
  std::uint32_t in_flight = 0; ///< Tasks it holds.
  bool can_take = false;       ///< Live, fed, not full.
  bool is_asleep = false;
  bool is_stalled = false; ///< Its running task is far over its estimate.
};

/// Where tasks go: pure arithmetic over estimates.
///
/// Short tasks are packed on a worker that is awake, for waking another costs more than they do;
/// long ones are spread. Work is given ahead of time only as far as it fills a wake-up.
namespace scheduler {

inline constexpr std::int64_t wake_cost_ns = 50'000;
/// Tasks longer than this are spread at once, shorter ones are packed while every core is in use.
inline constexpr std::int64_t short_task_ns = 100'000;
inline constexpr std::int64_t packed_ns = 200'000;
inline constexpr std::int64_t stall_cost_ns = 100'000'000;
/// A worker holds this much work ahead. A wake-up is far shorter, but the dispatcher may have to
/// wait for a core that workers keep busy; what was given too early is taken back from a slow
/// worker.
inline constexpr std::int64_t ahead_ns = 2'000'000;
/// One running and one to go on with, however long they are.
inline constexpr std::uint32_t ahead_tasks_min = 2;

inline constexpr std::size_t nobody = static_cast<std::size_t>(-1);

/// May `load` be given one more task of `estimate_ns`?
constexpr bool has_credit(const worker_load& load, std::int64_t estimate_ns,
                          std::uint32_t in_flight_max) noexcept {
  if (!load.can_take || load.in_flight >= in_flight_max) return false;
  return load.in_flight < ahead_tasks_min || load.queued_ns + estimate_ns <= ahead_ns;
}

/// What it costs to wake a worker for a task. When every core is in use, a woken worker takes one
/// away from whoever works on short tasks, and nothing is gained before the queue runs long.
constexpr std::int64_t wake_cost(std::int64_t estimate_ns, bool has_spare_core) noexcept {
  return has_spare_core || estimate_ns > short_task_ns ? wake_cost_ns : packed_ns;
}

/// What it costs to have a task start on this worker.
constexpr std::int64_t cost_of(const worker_load& load, std::int64_t wake_cost) noexcept {
  return load.queued_ns + (load.is_asleep ? wake_cost : 0) + (load.is_stalled ? stall_cost_ns : 0);
}

/// The worker for a task of `estimate_ns`, or `nobody` when it should wait in the backlog.
constexpr std::size_t choose(std::span<const worker_load> loads, std::int64_t estimate_ns,
                             std::int64_t wake_cost, std::uint32_t in_flight_max) noexcept {
  std::size_t best = nobody;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (!has_credit(loads[i], estimate_ns, in_flight_max)) continue;
    if (best == nobody || cost_of(loads[i], wake_cost) < cost_of(loads[best], wake_cost)) best = i;
  }
  return best;
}

} // namespace scheduler

} // namespace troupe
