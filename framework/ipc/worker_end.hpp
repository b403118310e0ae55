// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/arena.hpp"
#include "troupe/ipc/link_layout.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/os/shared_memory.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>

namespace troupe::ipc {

/// One job as the worker sees it. `payload` lies in memory the host does not change until the job
/// is answered.
struct received_job {
  std::uint64_t position = 0;
  std::uint64_t code = 0;
  std::span<const std::byte> payload;
};

/// The worker's end of a link: takes jobs in order, claims each before it runs and publishes each
/// answer as one unit.
///
/// Lives in: worker. Threads: one owner. Blocks: `next`, until a job or stop; `reply_room`, until
/// the host has given back room.
/// Crash: a job whose claim word says done counts as answered; running: as begun; else: as not
/// begun. A forked copy of the worker that comes to `announce_ready` or `reply_room` is ended.
/// Errors: none; the host is trusted.
class worker_end {
public:
  worker_end(os::shared_memory request, os::shared_memory response, os::shared_memory input_arena,
             os::shared_memory output_arena, os::event_fd doorbell);

  /// Tells the host that jobs are welcome.
  void announce_ready() noexcept;

  /// Waits for the next job and claims it. False: the host asked to stop.
  [[nodiscard]] bool next(received_job& job);

  /// Room for an answer of `size_bytes` to the job that runs; written by the caller before
  /// `publish`. Empty when the answer can never fit (larger than `reply_bytes_max`).
  [[nodiscard]] std::span<std::byte> reply_room(std::size_t size_bytes);

  /// Publishes the answer in the last `reply_room` (its first `size_bytes`) and rings whoever
  /// waits.
  void publish(std::uint8_t kind, std::size_t size_bytes, std::uint64_t run_time_ns);

  /// The largest answer that fits.
  [[nodiscard]] std::size_t reply_bytes_max() const noexcept;

private:
  [[nodiscard]] bool try_claim(received_job& job);
  [[nodiscard]] std::span<const std::byte> payload_of(const request_cell& cell);
  [[nodiscard]] bool has_news() const noexcept;
  void wait_for_news();
  void sleep();
  void take_back_blocks();
  void give_up_block();
  void ring_if_wanted() noexcept;

  os::shared_memory request_memory_;
  os::shared_memory response_memory_;
  os::shared_memory input_memory_;
  os::shared_memory output_memory_;
  os::event_fd doorbell_;
  const os::fork_guard guard_;
  const request_region& request_;
  response_region& response_;

  arena output_;
  struct block {
    std::uint64_t offset;
    std::size_t size_bytes;
  };
  std::deque<block> lent_; // Blocks the host has not given back, oldest first.
  std::uint64_t released_seen_ = 0;
  std::uint64_t position_ = 0;          // Of the next job.
  std::unique_ptr<cell_body[]> joined_; // The payload in hand, if it came in pieces; aligned.
  payload_place reply_place_ = payload_place::in_cell;
  std::uint64_t reply_offset_ = 0;
  std::size_t reply_reserved_ = 0;
  bool holds_block_ = false;    // At reply_offset_, not published yet.
  std::uint64_t sleeps_ = 0;    // The stamp of the last sleep.
  std::uint64_t bell_rung_ = 0; // Last value of bell_at that was answered.
  std::uint64_t notify_rung_ = 0;
  std::uint32_t streak_ = 0; // Jobs since it last had to wait.
  duration idle_average_{};  // Recent gaps without work; decides whether to spin.
};

} // namespace troupe::ipc
