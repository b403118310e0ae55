// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/batch_sizer.hpp"
#include "troupe/pipeline/channel.hpp"
#include "troupe/pipeline/dead_letter.hpp"
#include "troupe/pipeline/graph.hpp"
#include "troupe/pipeline/observer.hpp"
#include "troupe/pipeline/order_buffer.hpp"
#include "troupe/pipeline/outlet.hpp"
#include "troupe/pipeline/slot_state.hpp"
#include "troupe/pool/lane_port.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::pipeline {

/// The channels of one stage.
struct stage_channels {
  std::vector<channel*> inputs;
  std::vector<channel*> outputs;
  channel* dead_letter = nullptr;
  bool is_dead_letter_read = false; ///< Somebody takes the dead letters out.
};

/// One pool of a pipeline: gives messages to its workers and applies their commits, each whole or
/// not at all.
///
/// Lives in: host. Threads: one owner, the thread that pumps the engine. Blocks: never.
/// Crash: when a worker dies, what it had not committed goes to another, or to its successor
/// together with the last committed state.
/// Errors: `failed` tells why the stage cannot go on.
class stage final : public lane_events {
public:
  stage(const stage_spec& spec, stage_channels channels, pipeline_observer& observer);

  /// The way to the workers; before the first event.
  void connect(lane_port& port) noexcept { port_ = &port; }

  void on_attached(slot_id slot, incarnation_id incarnation) override;
  void on_reply(slot_id slot, job_id job, reply_kind kind, bytes_view bytes) override;
  void on_detached(slot_id slot, std::optional<job_id> running, const exit_record& record) override;
  void on_abandoned(slot_id slot) override;

  /// Does what can be done at `now`; true when messages moved, so that others can go on too.
  bool advance(time_point now);
  /// When `advance` has to be called even if nothing happens; `time_point::max()` for never.
  [[nodiscard]] time_point next_due() const;

  /// A source gives no more than what it was already asked for; one that does not give that within
  /// `source_grace` (it waits for a pipe in which nothing comes) is killed, and what it had not
  /// committed does not exist.
  void stop_producing() noexcept { is_stopping_ = true; }
  static constexpr std::chrono::seconds source_grace{1};
  /// Messages that the stage has taken and not finished.
  [[nodiscard]] std::uint64_t unfinished() const;
  /// Something is in its hands, or waits for it.
  [[nodiscard]] bool is_busy() const;
  /// Does nothing any more; what it has not finished, and what waits for it, is lost.
  void abandon_rest();

  /// A held slot gets no new work: it is not ready, or about to be stopped or recycled.
  void hold(slot_id slot, bool is_held);
  /// The next death of this worker is not the fault of what it works on: we stop it, or an
  /// experiment kills it.
  void forgive(slot_id slot);
  /// Whether the slot has nothing that it would lose.
  [[nodiscard]] bool is_idle(slot_id slot) const;
  /// The worker that is attached next is given this many messages; 0: any number. Only what its
  /// predecessor has left undone may be more, in a slot with state.
  void set_quota(slot_id slot, std::uint64_t messages);
  /// Messages that the slot's worker has finished, well or not.
  [[nodiscard]] std::uint64_t messages_done(slot_id slot) const;

  [[nodiscard]] const stage_spec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::optional<worker_role> role() const noexcept { return role_; }
  [[nodiscard]] bool is_finished() const noexcept { return is_finished_; }
  [[nodiscard]] const std::optional<failure>& failed() const noexcept { return failure_; }
  [[nodiscard]] stage_counters counters() const;

private:
  // Feeding: stage_feed.cpp.
  void open_slots();
  bool feed();
  bool feed_slot(slot_state& slot);
  bool feed_transform(slot_state& slot);
  bool feed_stateful(slot_state& slot);
  bool ask_source(slot_state& slot);
  bool send_replay(slot_state& slot);
  void conclude_slot(slot_state& slot);
  void ask_checkpoint(slot_state& slot);
  void ask_last_word(slot_state& slot);
  [[nodiscard]] time_point checkpoint_due(const slot_state& slot) const;
  [[nodiscard]] time_point slot_due(const slot_state& slot) const;
  void check_timeout(slot_state& slot);
  void end_late_source(slot_state& slot);
  void check_end();
  [[nodiscard]] bool are_slots_done() const;
  [[nodiscard]] bool have_inputs_ended() const;
  [[nodiscard]] bool has_stage_work() const;
  [[nodiscard]] bool takes_fresh() const;
  [[nodiscard]] std::size_t credit(const slot_state& slot) const;
  std::optional<work> next_work(std::size_t credit);
  work returned_work(std::size_t credit);
  std::optional<work> fresh_work(std::size_t credit);

  // Applying answers: stage_commit.cpp. False means that the worker wrote nonsense.
  [[nodiscard]] bool apply(slot_state& slot, ledger_entry& job, const answer& value);
  [[nodiscard]] bool apply_opened(slot_state& slot, const opened_answer& value);
  [[nodiscard]] bool apply_skipped(slot_state& slot, ledger_entry& job);
  [[nodiscard]] bool apply_transform(slot_state& slot, ledger_entry& job, const commit& value);
  [[nodiscard]] bool apply_source(slot_state& slot, const ledger_entry& job, const commit& value);
  [[nodiscard]] bool apply_stateful(slot_state& slot, ledger_entry& job, const commit& value);
  [[nodiscard]] bool apply_failed_batch(slot_state& slot, work item, const commit& value);
  [[nodiscard]] bool apply_last_word(slot_state& slot, const ledger_entry& job,
                                     const commit& value);
  void apply_pieces(work& item, const commit& value);
  void count(const trouble_counts& troubles);
  void count_filter(slot_state& slot, std::size_t given, const commit& value);
  void commit_state(slot_state& slot, const commit& value);
  void finish_input(std::uint64_t first, std::uint32_t count, output_block outputs);
  void give(const output_block& outputs) { give(outputs.bytes, outputs.size); }
  void give(bytes_view block, packed_size size);

  // Failures: stage_failure.cpp.
  [[nodiscard]] bool may_retry(std::uint32_t attempts, const attempt_failure& cause) const;
  void fail_attempt(work item, const attempt_failure& cause, std::deque<work>& again);
  void reclaim(ledger_entry entry, const attempt_failure& cause, bool is_forgiven,
               std::deque<work>& again);
  void give_back(std::deque<work> items);
  void lose_filter(const slot_state& slot, std::deque<ledger_entry>& left,
                   const exit_record& record);
  void dead_letter(bytes_view message, std::uint32_t attempts, const attempt_failure& cause);
  void bury(work& item, const attempt_failure& cause);
  void replace_worker(slot_state& slot, const std::string& why);
  void fail(std::string why);

  slot_state& at(slot_id slot);
  [[nodiscard]] bool has_ended() const noexcept {
    return is_finished_ || is_given_up_ || failure_.has_value();
  }
  void recycle(work& item);

  stage_spec spec_;
  stage_channels channels_;
  pipeline_observer* observer_;
  lane_port* port_ = nullptr;
  time_point now_{}; // Of the last `advance`.

  std::optional<worker_role> role_; // Unknown until the first worker was opened.
  std::deque<slot_state> slots_;    // By slot number; a deque keeps references valid.
  std::size_t turn_ = 0;            // Slot that is fed first next time.
  std::size_t input_turn_ = 0;
  batch_sizer sizer_;
  std::uint64_t next_sequence_ = 0;
  std::deque<work> returned_;                 // To be given out before anything new.
  std::multimap<time_point, work> delayed_;   // Waiting for the end of their pause.
  std::vector<std::vector<std::byte>> spare_; // Buffers of committed jobs.

  order_buffer order_; // Used with order: preserve.
  outlet outlet_;
  packed_fifo dead_letters_; // Waiting for room in their channel.

  stage_counters counters_;
  bool is_stopping_ = false;
  std::optional<time_point> source_due_; // When a source is late that was asked to stop.
  bool is_finished_ = false;
  bool is_given_up_ = false; // By `abandon_rest`.
  std::optional<failure> failure_;
};

} // namespace troupe::pipeline
