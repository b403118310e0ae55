// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"
#include "troupe/base/ids.hpp"
#include "troupe/process/child_spec.hpp"
#include "troupe/process/exit_status.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What a pool supervisor does to the pool it supervises. The pool implements it.
///
/// Every call names the incarnation; one that is no longer current is ignored.
///
/// Lives in: host. Threads: called by one actor, one call at a time. Blocks: must not.
/// Crash (of a worker): told to the supervisor by `on_exited`. Errors: none; see `start`.
class slot_control {
public:
  virtual ~slot_control() = default;
  /// Starts a worker; exactly one of `on_ready`, `on_start_failed`, `on_exited` answers first.
  virtual void start(slot_id slot, incarnation_id incarnation) = 0;
  /// Gives it no more work; `on_drained` answers when it holds none (perhaps at once).
  virtual void drain(slot_id slot, incarnation_id incarnation) = 0;
  /// Signals it. A worker that is gone already is no error.
  virtual void signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) = 0;
  /// The slot will not be filled again (completed, parked, or the pool has given up).
  virtual void abandon(slot_id slot) = 0;
  /// The restart budget is spent; all slots are being stopped. Work that is left must fail.
  virtual void give_up(const failure& cause) = 0;
  /// The supervisor has stopped every worker and does no more.
  virtual void stopped() = 0;
};

enum class slot_state { stopped, starting, ready, backoff, stopping, completed, failed };
std::string_view to_string(slot_state state) noexcept;

/// Why a worker ended.
enum class end_reason {
  by_itself, ///< It exited, or somebody outside killed it.
  // The supervisor knows.
  start_failed,  ///< There never was a process.
  start_timeout, ///< It was not ready within `start.timeout`, and was killed.
  recycled,      ///< It was replaced.
  stopped,       ///< It was to stop.
  // The pool knows, and tells the supervisor: it killed the worker, or had it recycled.
  message_timeout, ///< Of a stage.
  task_timeout,    ///< Of a pool that calls functions.
  protocol_error,
  corrupt_answer,
  unresponsive,
  max_messages,
  max_age,
  max_memory,
  chaos,
};
std::string_view to_string(end_reason reason) noexcept;
/// For what a worker was killed: "its answers make no sense (corrupt_answer)". Empty: not for what
/// it did.
std::string_view sentence_of(end_reason reason) noexcept;

/// Why the death of a worker does not count against the restart budget.
enum class restart_excuse {
  none,    ///< It counts.
  gets_on, ///< Work was done since the last death: the budget is whole again, no pause is needed.
  outside, ///< Somebody outside killed a healthy worker: not the pool's fault, but it may go on.
  zygote,  ///< It went with its zygote, or could not be started for that: see `zygote_deaths`.
};

/// What `status` shows of one slot.
struct slot_status {
  slot_id slot;
  incarnation_id incarnation;
  slot_state state = slot_state::stopped;
  std::uint64_t restarts = 0;      ///< Recycling is not one.
  exit_record last_exit;           ///< Of the last worker that ended; empty name: none yet.
  incarnation_id last_incarnation; ///< Of that worker.
  end_reason last_reason = end_reason::by_itself; ///< Of its end.
  time_point since{};
};

/// How a pool is asked to stop.
enum class stop_mode {
  drain, ///< Finish the work in hand (at most `stop.drain`), then the stop ladder.
  quick, ///< The stop ladder at once.
  kill,  ///< `final_signal` to every group at once.
};

/// One pool's supervisor as the rest of the host sees it. The supervision room implements it.
///
/// Lives in: host. Threads: any. Blocks: never, except the destructor, which waits for its actor
/// (not for workers). Crash (of a worker): comes in by `on_exited`. Errors: none.
class pool_supervision {
public:
  virtual ~pool_supervision() = default;

  virtual void start() = 0;
  /// Stops every worker, last slot first; ends in `slot_control::stopped`. A later call with a
  /// harder mode shortens what is under way.
  virtual void stop(stop_mode mode) = 0;
  /// Replaces one worker without counting a restart: drain, stop, start.
  virtual void recycle(slot_id slot, incarnation_id incarnation) = 0;
  /// Tells the state of every slot to `receiver` on some thread, soon.
  virtual void query(std::function<void(std::vector<slot_status>)> receiver) = 0;

  /// The pool is about to end this worker; for `status`. The first reason counts.
  virtual void note_reason(slot_id slot, incarnation_id incarnation, end_reason reason) = 0;

  /// The end that will be told of this worker is not to count.
  virtual void excuse(slot_id slot, incarnation_id incarnation, restart_excuse why) = 0;

  virtual void on_ready(slot_id slot, incarnation_id incarnation) = 0;
  virtual void on_drained(slot_id slot, incarnation_id incarnation) = 0;
  virtual void on_exited(slot_id slot, incarnation_id incarnation, exit_record record) = 0;
  virtual void on_start_failed(slot_id slot, incarnation_id incarnation, failure cause) = 0;
};

/// Makes supervisors; one per runtime, so that all pools share one actor system.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: nothing outside the host. Errors: none.
class supervision_factory {
public:
  virtual ~supervision_factory() = default;
  virtual std::unique_ptr<pool_supervision> make(pool_supervision_spec spec,
                                                 std::shared_ptr<slot_control> control) = 0;
};

} // namespace troupe
