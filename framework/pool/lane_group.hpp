// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/pool/lane_port.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace troupe {

/// What the owner of a group of lanes knows of its slots, beyond `lane_events`.
///
/// Lives in: host. Threads: the dispatcher's only. Blocks: must not. Crash (of a worker): see
/// lane_events. Errors: must not throw.
class lane_keeper : public lane_events {
public:
  /// The slot gets no new work (or again).
  virtual void hold(slot_id slot, bool is_held) = 0;
  /// The next death of the slot's worker is ours, not the fault of what it works on.
  virtual void forgive(slot_id slot) = 0;
  /// Nothing would be lost if the worker ended now.
  [[nodiscard]] virtual bool is_idle(slot_id slot) const = 0;
  /// The slot's worker, which is attached next, is given this many messages; 0: any number.
  virtual void set_quota(slot_id slot, std::uint64_t messages) = 0;
  /// Messages that the slot's worker has finished.
  [[nodiscard]] virtual std::uint64_t messages_done(slot_id slot) const = 0;
  /// The supervisor has spent its restart budget.
  virtual void on_gave_up(const failure& cause) = 0;
  /// The supervisor has ended every worker.
  virtual void on_stopped() = 0;
};

/// The lanes of one pipeline stage with what stands behind them: worker processes (`lane_set`), or
/// a thread of the host.
///
/// Lives in: host. Threads: the dispatcher's, unless a call says otherwise. Blocks: never, except
/// `disconnect`. Crash (of a worker): see lane_events. Errors: see lane_keeper.
class lane_group : public lane_port {
public:
  /// Starts the workers. Any thread.
  virtual void start_workers() = 0;
  /// Sources give no more than what they were asked for: one that waits is told to wait no longer,
  /// if that can be.
  virtual void stop_producing() {}
  /// Ends the workers; `lane_keeper::on_stopped` follows. Any thread.
  virtual void stop(stop_mode mode) = 0;
  /// Tells the state of every slot, on some thread, soon. Any thread.
  virtual void query(std::function<void(std::vector<slot_status>)> receiver) = 0;
  /// Lets go of the keeper; nothing is called any more. Not the dispatcher's thread.
  virtual void disconnect() = 0;

  /// Takes all answers there are; true when there was one.
  virtual bool poll() = 0;
  /// Checks the health of the workers; call it every few milliseconds while `has_jobs`.
  /// Returns when to call it even if there are none.
  virtual time_point check(time_point now) = 0;
  [[nodiscard]] virtual bool has_jobs() const noexcept = 0;
  /// SIGKILL for a random worker's group, chosen by `random`; false when none lives.
  virtual bool kill_one(std::uint64_t random) = 0;
  [[nodiscard]] virtual std::uint64_t exits() const noexcept = 0;
  /// Processes by slot; 0: none.
  [[nodiscard]] virtual std::vector<int> pids() const = 0;
};

} // namespace troupe
