// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/link_layout.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/membarrier.hpp"
#include "troupe/os/shared_memory.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace troupe::ipc {

/// The bytes of a job on their way out: either in hand (at most `body_bytes_max`), or a block, or
/// pieces, that the host has written to the input arena.
struct outgoing_payload {
  std::span<const std::byte> bytes;
  std::uint64_t arena_offset = 0;
  std::uint32_t arena_size = 0;
  bool is_in_arena = false;
  bool is_in_pieces = false; ///< And in the arena.
};

/// What the oldest unanswered job has come to.
enum class answer_state { none, ready, corrupt };

/// One answer. `bytes` lie in memory the worker can still write.
struct incoming_answer {
  std::uint64_t tag = 0;
  std::uint8_t kind = 0;
  duration run_time{}; ///< Zero: not sampled. Clamped to `run_time_max`.
  std::span<const std::byte> bytes;
};

/// What became of a job the worker died on.
enum class job_fate { not_begun, begun, answered };

/// The host's end of a link: numbers jobs, and keeps in private memory everything it decides by.
///
/// Lives in: host. Threads: one owner (its pool's lock). Blocks: never.
/// Crash (of the worker): `oldest` gives the answers that were published, then `fate` tells begun
/// from not begun. Errors: `create` throws std::system_error; lies of the worker are `corrupt`.
class host_end {
public:
  static constexpr auto run_time_max = std::chrono::seconds{10};

  /// Makes the regions of one incarnation.
  static std::unique_ptr<host_end> create(std::size_t output_arena_bytes);

  // What the worker gets, in the order of `worker_end`'s arguments without the input arena.
  [[nodiscard]] const os::fd& request_descriptor() const noexcept {
    return request_memory_.descriptor();
  }
  [[nodiscard]] const os::fd& response_descriptor() const noexcept {
    return response_memory_.descriptor();
  }
  [[nodiscard]] const os::fd& output_descriptor() const noexcept {
    return output_memory_.descriptor();
  }
  /// Rung by the worker, to be polled; never read or written here: the worker holds the same open
  /// file, and whether that blocks is for whoever holds it to say.
  [[nodiscard]] const os::fd& doorbell() const noexcept { return doorbell_.descriptor(); }
  /// Closes the descriptors of the memory once they were passed on.
  void close_descriptors() noexcept;

  [[nodiscard]] bool is_ready() const noexcept;
  [[nodiscard]] bool is_asleep() const noexcept;
  [[nodiscard]] std::uint64_t head() const noexcept { return head_; }
  [[nodiscard]] std::uint64_t tail() const noexcept { return tail_; }
  [[nodiscard]] bool is_full() const noexcept { return tail_ - head_ >= link_cells; }

  /// Publishes a job and returns its position; `tag` and `weight` are the owner's own.
  /// @pre `!is_full()`
  std::uint64_t send(std::uint64_t code, const outgoing_payload& payload, std::uint64_t tag,
                     std::uint32_t weight = 0);
  /// Returns the word to `os::futex_wake` (shared) when the worker sleeps and was not woken for
  /// that sleep yet, else nullptr. The caller makes the call when it holds no lock.
  [[nodiscard]] const os::futex_word* prepare_wake() noexcept;
  void wake_if_asleep() noexcept;
  /// Wakes it whatever it says of its sleep: for a worker that should have noticed long ago.
  void wake_anyway() noexcept;
  /// Asks the worker to leave when it has nothing to do.
  void ask_to_stop() noexcept;

  /// Looks at the oldest job that was not taken back.
  answer_state oldest(incoming_answer& out) noexcept;
  /// Whether the answer that `oldest` showed still stands. Asked after its bytes were copied, it
  /// tells a copy of noise that a worker wrote over its answers meanwhile.
  [[nodiscard]] bool is_still_answered() const noexcept;
  /// Forgets the oldest job, whose answer has been used. @pre `oldest` said ready
  void pop() noexcept;

  /// Takes back a job that was not begun. False: the worker was faster.
  bool revoke(std::uint64_t position) noexcept;
  [[nodiscard]] bool is_revoked(std::uint64_t position) const noexcept;
  [[nodiscard]] std::uint64_t tag_at(std::uint64_t position) const noexcept;
  [[nodiscard]] std::uint32_t weight_at(std::uint64_t position) const noexcept {
    return entries_[index(position)].weight;
  }
  /// The payload bytes of a job as sent (from our own memory), for sending it elsewhere.
  [[nodiscard]] outgoing_payload payload_at(std::uint64_t position) const noexcept;
  /// Whether that payload is a block of the input arena.
  [[nodiscard]] bool is_in_arena(std::uint64_t position) const noexcept {
    return entries_[index(position)].is_in_arena;
  }
  [[nodiscard]] std::uint64_t code_at(std::uint64_t position) const noexcept;
  /// Whether a job that is not revoked was begun; final once the worker is dead. What `oldest` saw
  /// begun stays so, whatever the worker writes over it.
  [[nodiscard]] job_fate fate(std::uint64_t position) const noexcept;
  /// Whether the worker took back what it said of its jobs, so that its word for the oldest one,
  /// begun or not, is worth nothing.
  [[nodiscard]] bool has_void_claims() const noexcept;

  /// Asks for the bell when the job at `position` is answered. @pre it is in the ring
  void ring_bell_at(std::uint64_t position) noexcept;
  /// Asks for the doorbell when the job at `position` is answered; nullopt: not at all.
  void notify_at(std::optional<std::uint64_t> position) noexcept;
  [[nodiscard]] const os::futex_word& bell() const noexcept { return response_->bell; }
  /// Wakes every thread that waits on the bell (their job has moved).
  void wake_waiters() noexcept;

  [[nodiscard]] std::uint64_t wakes() const noexcept { return wakes_; }

private:
  struct entry {
    std::uint64_t tag;
    std::uint32_t weight;
    bool is_revoked;
    bool is_in_arena; // The payload; known without a look at the shared cell.
  };

  host_end() = default;
  std::span<const std::byte> answer_bytes(std::uint64_t position, std::uint32_t size,
                                          payload_place place, bool& is_sound) noexcept;
  static std::size_t index(std::uint64_t position) noexcept { return cell_index(position); }

  os::shared_memory request_memory_;
  os::shared_memory response_memory_;
  os::shared_memory output_memory_;
  os::event_fd doorbell_{os::fd{}};
  const bool has_membarrier_ = os::accept_membarriers();
  request_region* request_ = nullptr;
  response_region* response_ = nullptr;

  std::uint64_t head_ = 0;        // Oldest position that is not finished with.
  std::uint64_t tail_ = 0;        // Next position to send.
  std::uint64_t begun_mark_ = 0;  // Position + 1 of the last one that was seen running.
  std::uint64_t woken_stamp_ = 0; // The sleep that was ended last.
  std::uint64_t wakes_ = 0;
  std::uint64_t released_ = 0;
  std::optional<std::uint64_t> block_; // Arena offset of the answer that `oldest` showed.
  /// By `index`. Not touched before the first use: most workers never hold that many.
  const std::unique_ptr<entry[]> entries_ = std::make_unique_for_overwrite<entry[]>(link_cells);
};

} // namespace troupe::ipc
