// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/dispatcher.hpp"
#include "troupe/pool/environment.hpp"
#include "troupe/pool/pool_settings.hpp"
#include "troupe/pool/worker_link.hpp"
#include "troupe/process/supervision_port.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// How far the worker of a slot has come.
enum class worker_phase : std::uint8_t {
  empty,
  starting,
  live,
  draining, ///< The supervisor wants it to end; it gets no more work.
  dead,     ///< No worker will come any more.
};

/// One slot and its worker.
struct worker_slot {
  std::shared_ptr<worker_link> link; ///< Null: there is none.
  worker_phase phase = worker_phase::empty;
  bool is_fed = false;           ///< It may be given work, as far as the owner is concerned.
  bool is_recycling = false;     ///< Its replacement was asked for.
  bool is_condemned = false;     ///< It was killed for what it did.
  bool is_drain_awaited = false; ///< The supervisor waits for `tell_drained`.
  bool has_moved = false;        ///< Its head, since the last look; the owner sets it.
  std::uint64_t messages = 0;    ///< Used up by this worker; the owner counts.
  std::uint64_t quota = 0;       ///< Of messages; 0: none.
  time_point live_since{};
  time_point head_since{};

  /// Whether it was ever ready, and might have been given work.
  [[nodiscard]] bool was_live() const noexcept { return live_since != time_point{}; }
};

/// The workers of a pool or a pipeline stage from their start to their end, whatever they work on:
/// between the launcher, which makes them, the supervisor, which decides about them, and the owner,
/// which feeds them.
///
/// Lives in: host. Threads: the owner's lock or thread protects it, except what says otherwise.
/// Blocks: never. Crash (of a worker): the owner hands its end to `take_exit`, settles what the
/// worker held, then calls `clear` and `tell_exited`. Errors: what cannot be started is told to
/// the supervisor.
class worker_slots {
public:
  /// `settings` and `environment` must outlive the workers.
  worker_slots(const pool_settings& settings, std::size_t count, pool_environment& environment);

  [[nodiscard]] worker_slot& operator[](std::size_t index) noexcept { return slots_[index]; }
  [[nodiscard]] const worker_slot& operator[](std::size_t index) const noexcept {
    return slots_[index];
  }
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] auto begin() noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() noexcept { return slots_.end(); }
  [[nodiscard]] auto begin() const noexcept { return slots_.begin(); }
  [[nodiscard]] auto end() const noexcept { return slots_.end(); }

  /// "POOL/SLOT". Any thread.
  [[nodiscard]] std::string name_of(slot_id slot) const;
  [[nodiscard]] bool is_current(slot_id slot, incarnation_id incarnation) const noexcept;
  [[nodiscard]] bool is_current(const worker_link& link) const noexcept;

  // The supervisor of all slots.

  /// Makes it; `control` is the owner.
  void supervise(std::shared_ptr<slot_control> control);
  [[nodiscard]] bool is_supervised() const noexcept { return supervision_ != nullptr; }
  /// Any thread, from `supervise` to `release_supervision`. @{
  void start_all() { supervision_->start(); }
  void stop(stop_mode mode) { supervision_->stop(mode); }
  void query(std::function<void(std::vector<slot_status>)> receiver);
  /// @}
  /// Takes the supervisor out; its destructor waits for an actor and must run outside any lock.
  [[nodiscard]] std::unique_ptr<pool_supervision> release_supervision() noexcept;

  // A worker comes: make_link, seat, launch, and later take_ready.

  /// Makes the rings and has their bell heard. Null: it could not, and the supervisor knows.
  /// Any thread.
  [[nodiscard]] std::shared_ptr<worker_link> make_link(slot_id slot, incarnation_id incarnation,
                                                       std::weak_ptr<worker_link_events> owner,
                                                       dispatched& listener);
  void seat(std::shared_ptr<worker_link> link);
  /// Any thread; `options` without the name and the surroundings.
  void launch(worker_link& link, process_options options, const os::shared_memory& input_arena);
  /// Whether a starting worker has become ready just now; the supervisor is told.
  bool take_ready(std::size_t index, time_point now);

  // While it works.

  /// Whether the worker has begun the oldest job it holds; wakes it when it should have. `lying`:
  /// it has wiped out what it said of its jobs, and nobody can know.
  enum class head_state { begun, waiting, unresponsive, lying };
  static constexpr duration patience_max = std::chrono::seconds{5};
  /// A worker that has not begun the job within `patience` is unresponsive. @pre it holds a job
  [[nodiscard]] head_state look_at_head(std::size_t index, time_point now,
                                        duration patience = patience_max);
  /// Asks for a successor; it comes when the worker holds nothing.
  void recycle(std::size_t index, end_reason reason);
  /// Whether it may be given no more messages.
  [[nodiscard]] bool is_spent(std::size_t index) const noexcept {
    const auto& s = slots_[index];
    return s.quota != 0 && s.messages >= s.quota;
  }
  /// Whether age or memory have to be looked at, from time to time. Any thread.
  [[nodiscard]] bool has_to_look() const noexcept;
  /// Recycles what is too old or too large, but no more often than makes sense. Returns when to
  /// look again.
  time_point check_recycling(time_point now);
  void kill(std::size_t index, end_reason reason);
  /// Kills it for what it did; false when that was done already.
  bool condemn(std::size_t index, end_reason reason);

  // It goes.

  /// False: not the slot's worker any more.
  [[nodiscard]] bool drain(slot_id slot, incarnation_id incarnation);
  /// The worker holds nothing; the supervisor is told if it waits for that.
  void tell_drained(std::size_t index);
  /// Signals it; one that is idle is asked to leave by itself, through its exit handlers.
  void signal(std::size_t index, int signal, signal_scope scope, bool is_idle);
  /// Its end was told. False: it was not the slot's worker any more.
  [[nodiscard]] bool take_exit(worker_link& link);
  /// Forgets the worker; returns its link.
  std::shared_ptr<worker_link> clear(std::size_t index) noexcept;
  /// The death that will be told is not counted.
  void excuse(const worker_link& link, restart_excuse why);
  void tell_exited(const worker_link& link, const exit_record& record);
  /// Its start has failed. Clears the slot and tells the supervisor; false as `take_exit`.
  [[nodiscard]] bool take_start_failure(worker_link& link, const failure& cause);

private:
  [[nodiscard]] recycle_spec limits_of(std::size_t index) const noexcept;

  const pool_settings& settings_;
  pool_environment* environment_;
  std::unique_ptr<pool_supervision> supervision_;
  const std::shared_ptr<const library_list> libraries_ = library_list::shared();
  // Of the host when the pool was made.
  const std::shared_ptr<const os::surroundings> surroundings_ = os::surroundings::now();
  std::vector<worker_slot> slots_;
  time_point next_look_{};
};

} // namespace troupe
