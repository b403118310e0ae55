// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/arena.hpp"
#include "troupe/os/adaptive_mutex.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/pool/dispatcher.hpp"
#include "troupe/pool/environment.hpp"
#include "troupe/pool/function_profile.hpp"
#include "troupe/pool/pool_settings.hpp"
#include "troupe/pool/scheduler.hpp"
#include "troupe/pool/task_port.hpp"
#include "troupe/pool/task_queue.hpp"
#include "troupe/pool/task_state.hpp"
#include "troupe/pool/task_store.hpp"
#include "troupe/pool/worker_slots.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace troupe {

/// A pool without its types: the ledger of all tasks, and the slots whose workers run them.
///
/// Every task is at any time in exactly one place: the backlog, one ring, or resolved. All of that
/// is private memory under one lock; whoever holds the lock may drain answers, so a thread that
/// waits for a future needs no other thread to get it.
///
/// Lives in: host. Threads: any. Blocks: `wait`, `join`; the rest for the length of the lock.
/// Crash (of a worker): tasks it had answered count, the one it ran is an attempt, the others go
/// back to the front uncounted. Errors: see each function.
class pool_core final : public dispatched,
                        public slot_control,
                        public worker_link_events,
                        public std::enable_shared_from_this<pool_core> {
public:
  static std::shared_ptr<pool_core> make(pool_settings settings,
                                         std::shared_ptr<pool_environment> environment);
  ~pool_core() override;

  /// Throws forked_copy in a forked copy of the process that made this: the workers are not its
  /// own, and the lock may be held by a thread that it does not have. Asked before anything is
  /// touched, by every function of the pool and of its futures; destructors just return there.
  void refuse_forked_copy() const {
    if (guard_.is_forked_copy()) guard_.refuse_forked_copy("the pool '" + settings_.name + "'");
  }
  [[nodiscard]] bool is_forked_copy() const noexcept { return guard_.is_forked_copy(); }

  // Tasks. See task_port.hpp for the functions futures use.

  /// Sends one call. Throws closed_error, broken_executor, or `error` (too_large, would_block when
  /// `queued_max` tasks wait).
  task_state* submit(const task_call& call);
  /// Room for a large payload, written before `submit` of a call that names it.
  large_payload reserve(std::size_t size_bytes);
  void give_up_room(large_payload& room) noexcept;

  [[nodiscard]] bool wait(task_state& task, deadline limit);
  [[nodiscard]] bool cancel(task_state& task);
  [[nodiscard]] bool is_running(task_state& task);
  void add_continuation(task_state& task, continuation& what);
  [[nodiscard]] bool remove_continuation(task_state& task, continuation& what);
  /// Notes that the last future of a task has gone. False: it is resolved, and the caller's to end.
  [[nodiscard]] bool abandon_task(task_state& task) noexcept;
  /// Takes a resolved record whose last future has gone.
  void recycle(task_state& task) noexcept;

  // Life.

  /// No new tasks; what is there is finished.
  void close();
  /// Waits until a closed pool has finished, its workers are gone and its callbacks have returned.
  /// Throws invalid_state when the pool still takes tasks. In a callback waits for no callbacks.
  bool join(deadline limit);
  /// Drops what is queued, kills what runs, and waits for the workers' end (not for callbacks).
  void terminate();
  /// The user's handle is gone: finishes what a closed pool has, terminates an open one, waits for
  /// its callbacks (not in a callback), and lets the records of living futures end the core.
  void abandon_handle() noexcept;

  [[nodiscard]] pool_counters counters();
  [[nodiscard]] std::vector<int> worker_pids();
  [[nodiscard]] const pool_settings& settings() const noexcept { return settings_; }
  [[nodiscard]] pool_environment& environment() noexcept { return *environment_; }
  void query(std::function<void(std::vector<slot_status>)> receiver);

  // dispatched
  time_point serve(time_point now) override;
  time_point tick(time_point now) override;

  // slot_control, called by the supervisor
  void start(slot_id slot, incarnation_id incarnation) override;
  void drain(slot_id slot, incarnation_id incarnation) override;
  void signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) override;
  void abandon(slot_id slot) override;
  void give_up(const failure& cause) override;
  void stopped() override;

  // worker_link_events
  void on_link_started(worker_link& link) override;
  void on_link_exited(worker_link& link, const exit_record& record) override;
  void on_link_start_failed(worker_link& link, const failure& cause) override;
  void on_link_output(worker_link& link, output_stream stream, std::string_view line) override;

private:
  // Why a worker was condemned, and what it had begun by then.
  struct sentence {
    end_reason why = end_reason::by_itself;
    std::uint64_t position = 0;
  };
  enum class pool_phase { open, closing, terminated };
  class owed_calls;

  pool_core(pool_settings settings, std::shared_ptr<pool_environment> environment);

  // pool_core.cpp
  void check_open() const;
  void push_backlog(task_state& task, bool is_front);
  [[nodiscard]] bool has_sendable();
  task_state* next_to_send();
  void drop_withdrawn(task_queue& queue);
  static bool waits_for_room(const task_state& task) noexcept {
    return task.place == byte_place::heap && task.size > ipc::body_bytes_max;
  }
  void store_payload(task_state& task, const ipc::outgoing_payload& payload);
  const os::futex_word* place(task_state& task, const ipc::outgoing_payload& payload,
                              std::size_t where);
  void release_payload(task_state& task) noexcept;
  void ask_to_stop(stop_mode mode);
  bool revoke(task_state& task);
  std::size_t choose_slot(const function_profile& profile);
  void park(task_state& task, std::unique_lock<os::adaptive_mutex>& lock, deadline limit);

  // pool_life.cpp
  template<class Condition>
  bool wait_for_end(std::unique_lock<os::adaptive_mutex>& lock, deadline limit,
                    const Condition& has_come);
  void finish_if_closed();
  void wait_for_calls();
  [[nodiscard]] bool has_called_back() const noexcept;

  // pool_drain.cpp
  bool drain_all();
  bool drain_slot(std::size_t index);
  void finish(std::size_t index, const ipc::incoming_answer& answer);
  void keep_result(task_state& task, std::span<const std::byte> bytes);
  void resolve(task_state& task, outcome how);
  void note_called();
  void fail(task_state& task, outcome how, std::unique_ptr<task_detail> detail);
  void refill();
  static ipc::outgoing_payload payload_of(const task_state& task);
  void move_in(task_state& task);
  void arm();
  void condemn(std::size_t index, end_reason why);
  void free_input_block(const ipc::outgoing_payload& payload);
  void note_emptied(std::size_t index);

  // pool_tick.cpp
  time_point check_slot(std::size_t index, time_point now);
  time_point check_running(std::size_t index, time_point now);
  bool steal_back(time_point now);
  void take_back_unbegun(std::size_t index, std::uint64_t first);

  // pool_slots.cpp
  void find_ready_workers(time_point now);
  void choose_fed_slots();
  void refresh_load(std::size_t index);
  void detach(std::size_t index, const exit_record& record);
  restart_excuse excuse_of(worker_link& link, exit_status status);
  void write_off(std::size_t index);
  void settle_lost(task_state& task, std::uint64_t position, std::size_t index,
                   const exit_record& record);
  void fail_refused(task_state& task, const exit_record& record);
  [[nodiscard]] failure time_limit_exceeded(const task_state& task,
                                            const exit_record& record) const;
  void fail_backlog(const failure& cause);

  const pool_settings settings_;
  const os::fork_guard guard_;
  const std::size_t cpus_;
  std::shared_ptr<pool_environment> environment_; // Null when the handle is gone.
  os::shared_memory input_memory_;

  os::adaptive_mutex mutex_;            // Protects what follows.
  std::condition_variable_any changed_; // unresolved_ or owed_calls_ is 0, or is_stopped_ came.
  pool_phase phase_ = pool_phase::open;
  bool is_stopped_ = false; // The supervisor has ended every worker.
  bool is_stop_asked_ = false;
  std::optional<failure> broken_;
  task_store store_;
  profile_table profiles_;
  ipc::arena input_arena_;
  worker_slots slots_;              // Its messages are tasks. Fed: live and not on standby.
  std::vector<sentence> sentences_; // One per slot.
  std::vector<worker_load> loads_;  // One per slot, for the scheduler.
  std::vector<std::uint32_t> busy_; // Slots with tasks in flight.
  std::size_t favourite_ = scheduler::nobody;
  // The backlog. Who waits for room in the input arena lets those pass who need none or have
  // theirs, and few others: what comes free is kept for the first.
  task_queue ready_;
  task_queue roomless_;
  std::uint32_t passes_ = 0;     // Payloads that got room while the first of `roomless_` waited.
  std::size_t backlog_size_ = 0; // Of both.
  std::size_t withdrawn_ = 0;    // Of these, cancelled ones.
  std::uint64_t unresolved_ = 0;
  std::uint64_t owed_calls_ = 0; // Resolved tasks whose callbacks have not all returned.
  std::uint64_t next_task_ = 1;
  std::uint64_t wants_dispatcher_ = 0; // Pending tasks only the dispatcher looks after.
  bool needs_kick_ = false;            // The dispatcher must be woken after the unlock.
  time_point last_activity_{};
  bool has_succeeded_ = false;   // A task, since the last death that was excused for it.
  bool was_active_ = false;      // Since the last tick.
  bool is_ticking_ = false;      // The dispatcher calls tick() by itself.
  bool is_fine_ticking_ = false; // ... often enough to steal back from slow workers.
  pool_counters counters_;
  std::shared_ptr<pool_core> self_; // Held while records outlive the handle.
};

} // namespace troupe
