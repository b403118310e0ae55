// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/work.hpp"
#include "troupe/pool/lane_port.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::pipeline {

/// One job in the ledger of a lane.
struct ledger_entry {
  job_kind kind = job_kind::batch;
  work item;                      ///< Of `batch` and `resume` jobs.
  std::vector<std::byte> payload; ///< Of the other kinds.
  bool is_suspect = false;        ///< The worker had begun it when it died.
  std::size_t asked = 0;          ///< Messages, of a `produce` job.
  std::size_t sent_bytes = 0;     ///< Of a job that travels in pieces.
  std::uint64_t sum = 0;          ///< Checksum of such a job.
  job_id last{};                  ///< The post that makes the worker begin it.

  [[nodiscard]] bool has_work() const noexcept {
    return kind == job_kind::batch || kind == job_kind::resume;
  }
};

/// The way to one worker and back: the ledger of jobs given to a slot and not answered, cut in
/// payloads on the way there and put together from replies on the way back.
///
/// Lives in: host. Threads: one owner. Blocks: never.
/// Crash: when the worker dies, `detach` gives back everything that was not answered.
/// Errors: nonsense from the worker makes `next_answer` and `take_reply` say so.
class lane {
public:
  explicit lane(slot_id slot) : slot_{slot} {}

  [[nodiscard]] slot_id slot() const noexcept { return slot_; }
  [[nodiscard]] bool is_attached() const noexcept { return is_attached_; }
  void attach();

  /// Adds a job behind the others; `flush` posts it.
  void enqueue(job_kind kind, std::vector<std::byte> payload, std::size_t asked = 0);
  void enqueue(work item);
  /// Posts what the port has room for.
  void flush(lane_port& port);

  /// Takes what the worker answered; false when it is nonsense.
  [[nodiscard]] bool take_reply(job_id job, reply_kind kind, bytes_view bytes);

  enum class reading { none, answered, nonsense };
  /// Takes the oldest answer together with its job. The views of `into` are valid until the next
  /// call of `next_answer`, `take_reply` or `detach`.
  [[nodiscard]] reading next_answer(ledger_entry& job, answer& into);

  /// The job in front is the reason why the worker is to be replaced.
  void suspect_front();
  /// The worker is gone: returns the unanswered jobs, oldest first.
  [[nodiscard]] std::deque<ledger_entry> detach(std::optional<job_id> running);

  [[nodiscard]] bool is_idle() const noexcept { return ledger_.empty() && waiting_.empty(); }
  /// The port refused a post though no reply is to come that would tell when to try again.
  [[nodiscard]] bool is_stalled() const noexcept {
    return sent_.empty() && (!waiting_.empty() || !ledger_.empty());
  }
  [[nodiscard]] std::size_t jobs() const noexcept { return ledger_.size() + waiting_.size(); }
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
  /// The oldest posted job without an answer, or none. @{
  [[nodiscard]] const ledger_entry* front() const noexcept {
    return ledger_.empty() ? nullptr : &ledger_.front();
  }
  /// Since when it is the oldest; unset until `note_time` after a change. @}
  [[nodiscard]] std::optional<time_point> front_since() const noexcept { return front_since_; }
  void note_time(time_point now) noexcept;

private:
  struct sent {
    job_id job;
    bool is_fetch;
  };

  void add(ledger_entry entry);
  bool post(lane_port& port, ledger_entry& entry);
  bool post_payload(lane_port& port, ledger_entry& entry, bytes_view payload);
  void forget_read_bytes();

  slot_id slot_;
  bool is_attached_ = false;
  std::uint64_t next_job_ = 1;
  std::deque<ledger_entry> waiting_; // Not posted, or only in part.
  std::deque<ledger_entry> ledger_;  // Posted, without an answer.
  std::deque<sent> sent_;            // Posts without a reply.
  std::size_t messages_ = 0;         // In waiting_ and ledger_.
  std::vector<std::byte> inbox_;     // Bytes of answers; a private copy of what the worker wrote.
  std::size_t inbox_read_ = 0;
  std::uint64_t received_bytes_ = 0; // By all replies of this worker.
  std::optional<time_point> front_since_;
};

} // namespace troupe::pipeline
