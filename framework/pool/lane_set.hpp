// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/arena.hpp"
#include "troupe/pool/dispatcher.hpp"
#include "troupe/pool/environment.hpp"
#include "troupe/pool/lane_group.hpp"
#include "troupe/pool/pool_settings.hpp"
#include "troupe/pool/worker_slots.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace troupe {

/// The slots of one pipeline stage: rings to supervised workers, without tasks or futures.
///
/// What the supervisor and the launcher say comes on their threads and is posted to the
/// dispatcher's, to which all state belongs.
///
/// Lives in: host. Threads: the dispatcher's, except `make`, `stop` and the ports. Blocks: never.
/// Crash (of a worker): `on_detached` after its last answer. Errors: see lane_keeper.
class lane_set final : public lane_group,
                       public slot_control,
                       public worker_link_events,
                       public std::enable_shared_from_this<lane_set> {
public:
  /// `member` is rung when an answer comes; it calls `poll`.
  static std::shared_ptr<lane_set> make(pool_settings settings, std::uint64_t job_code,
                                        pool_environment& environment, lane_keeper& keeper,
                                        dispatched& member);

  // lane_group
  void start_workers() override;
  void stop(stop_mode mode) override;
  void query(std::function<void(std::vector<slot_status>)> receiver) override;
  void disconnect() override;
  bool poll() override;
  time_point check(time_point now) override;
  bool kill_one(std::uint64_t random) override;
  [[nodiscard]] std::uint64_t exits() const noexcept override { return exits_; }
  [[nodiscard]] std::vector<int> pids() const override;
  [[nodiscard]] bool has_jobs() const noexcept override;

  // lane_port
  bool post(slot_id slot, job_id job, std::span<const std::byte> payload) override;
  [[nodiscard]] std::size_t in_flight(slot_id slot) const override;
  void kill(slot_id slot, end_reason reason) override;

  // slot_control
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
  lane_set(pool_settings settings, std::uint64_t job_code, pool_environment& environment,
           lane_keeper& keeper, dispatched& member);

  void post_here(std::function<void(lane_set&)> action);
  void launch(slot_id slot, incarnation_id incarnation);
  void find_ready(std::size_t index);
  bool take_answers(std::size_t index);
  void arm(std::size_t index);
  void settle(std::size_t index);
  void detach(worker_link& link, const exit_record& record);
  void condemn(std::size_t index, end_reason reason);
  void free_input_block(const ipc::outgoing_payload& payload);

  const pool_settings settings_;
  const std::uint64_t job_code_;
  // Not owned: a call of one of its threads that is under way may let go of this as the last one,
  // and an environment cannot end on a thread of its own. It ends after those calls.
  pool_environment& environment_;
  lane_keeper* keeper_;
  dispatched* member_;
  os::shared_memory input_memory_;
  ipc::arena input_arena_;
  worker_slots slots_;
  std::vector<std::size_t> held_; // By slot: jobs without an answer.
  std::uint64_t exits_ = 0;
};

} // namespace troupe
