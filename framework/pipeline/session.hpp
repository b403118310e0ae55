// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/job.hpp"
#include "troupe/pipeline/pieces.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace troupe::pipeline {

/// Takes the bytes that answer a job; called once per job.
using reply_sink = std::function<void(bytes_view)>;

/// The worker's side of a lane: holds the worker object and does what the jobs say, in order.
///
/// Lives in: worker. Threads: the worker's main thread. Blocks: as long as the user's code does.
/// Crash: the host does with another worker what has no commit.
/// Errors: an exception of user code becomes part of the answer; nothing is thrown but bad_alloc.
class session {
public:
  using clock_function = std::chrono::steady_clock::time_point (*)();

  /// `clock` measures what jobs cost; tests give their own.
  explicit session(clock_function clock = &std::chrono::steady_clock::now) : clock_{clock} {}

  /// Does one job and answers it.
  void run(bytes_view job, const reply_sink& reply);

private:
  void take(bytes_view payload);
  void send(const reply_sink& reply);
  void forget_sent();
  void dispatch(bytes_view job);
  void open(bytes_view job);
  void run_batch(bytes_view job);
  void run_resume(bytes_view job);
  void transform(bytes_view messages, std::uint32_t count, std::string cursor);
  bool transform_one(bytes_view message, std::string& cursor, commit& answer);
  void accumulate(bytes_view messages, std::uint32_t count);
  void produce(bytes_view job);
  void save_and_answer(job_kind kind);
  void fail_session(const input_error& problem);
  void stop(const std::string& why);
  void answer(commit value);
  template<class Answer>
  void append(const Answer& value);

  [[nodiscard]] std::chrono::microseconds elapsed() const;

  clock_function clock_;
  std::chrono::steady_clock::time_point started_{};
  std::chrono::microseconds slice_{};
  const worker_entry* entry_ = nullptr;
  std::unique_ptr<any_worker> worker_; // None before open and after a failure.
  bool has_ended_ = false;             // Of a source.
  emitter out_;                        // Emitted and not committed yet.
  piece_collector pieces_;             // Of a job that is too long for one payload.
  std::vector<std::byte> stream_;      // Answers; from `sent_` on they wait for a reply.
  std::size_t sent_ = 0;               // At least `reply_head_bytes`, once there is an answer.
  std::uint64_t place_ = 0;            // Bytes that all replies have carried.
  std::vector<std::byte> state_;
  std::vector<std::string> error_texts_;
};

/// The function a worker process runs for each job of a pipeline: one session per process.
void serve_job(bytes_view job, const reply_sink& reply);

} // namespace troupe::pipeline
