// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/os/futex.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

/// The two regions between the host and one incarnation of a worker. The host writes the request
/// region and the worker can only read it (sealed); the worker writes the response region, of which
/// the host believes nothing it has not checked. Both are fresh for every incarnation.
namespace troupe::ipc {

/// Jobs one worker can hold: enough that 200 us of the shortest tasks fit.
inline constexpr std::size_t link_cells = 4096;
static_assert((link_cells & (link_cells - 1)) == 0);

/// Where the cell of a position lies. Within a block of a few pages, neighbours in time are kept
/// apart in memory: a core that reads line after line fetches the next ones before it needs them,
/// which here takes them from the process that is about to write them.
constexpr std::size_t cell_index(std::uint64_t position) noexcept {
  constexpr std::uint64_t block = 256;
  constexpr std::uint64_t stride = 107; // Odd, so that each cell is met once; more than a page.
  static_assert(link_cells % block == 0);
  return static_cast<std::size_t>((position & (link_cells - block)) |
                                  (position * stride & (block - 1)));
}

inline constexpr std::size_t cell_bytes = 64;
inline constexpr std::size_t inline_bytes_max = 40; ///< Payload that travels in the cell itself.
inline constexpr std::size_t body_bytes_max = 192;  ///< Payload that travels in the cell's body.

/// No job and no answer is larger, whatever the arenas allow: sizes travel in 32 bits.
inline constexpr std::size_t payload_bytes_max = 0xffff'ffff;

/// Where the bytes of a payload are. An answer is never in pieces.
enum class payload_place : std::uint8_t { in_cell = 0, in_body = 1, in_arena = 2, in_pieces = 3 };

/// What a response cell says of position p; the state half of its claim word `(p + 1) << 8 |
/// state`. Until the worker claims p, the word still holds a value of an earlier lap: queued.
enum class claim_state : std::uint8_t { queued = 0, running = 1, done = 2, revoked = 3 };

constexpr std::uint64_t make_claim(std::uint64_t position, claim_state state) noexcept {
  return (position + 1) << 8 | static_cast<std::uint64_t>(state);
}
/// The position + 1 in a claim word; 0 when nothing was ever claimed.
constexpr std::uint64_t claimed_mark(std::uint64_t claim) noexcept {
  return claim >> 8;
}
constexpr std::uint8_t claimed_state(std::uint64_t claim) noexcept {
  return static_cast<std::uint8_t>(claim & 0xff);
}

/// One job on its way to the worker.
struct alignas(cell_bytes) request_cell {
  std::atomic<std::uint64_t> mark; ///< position + 1 once the rest is written.
  std::uint64_t code;              ///< code_address of the function.
  std::uint32_t size;              ///< Payload bytes.
  payload_place place;
  std::array<std::uint8_t, 3> reserved;
  /// The payload, or (in_arena, in_pieces) the offset of it or of its first piece as 64 bits.
  alignas(8) std::array<std::byte, inline_bytes_max> data;
};
static_assert(sizeof(request_cell) == cell_bytes);

/// One answer on its way back.
struct alignas(cell_bytes) response_cell {
  std::atomic<std::uint64_t> claim;
  std::uint32_t size;
  payload_place place;
  std::uint8_t kind; ///< reply_kind.
  std::array<std::uint8_t, 2> reserved;
  std::uint64_t run_time_ns; ///< 0: not sampled.
  alignas(8) std::array<std::byte, inline_bytes_max> data;
};
static_assert(sizeof(response_cell) == cell_bytes);

struct alignas(cell_bytes) cell_body {
  std::array<std::byte, body_bytes_max> data;
};

/// Blocks of the worker's output arena that the host gives back, oldest first.
inline constexpr std::size_t release_cells = link_cells; // At most one block per answer.

struct request_region {
  static constexpr std::uint64_t layout_version = 1;

  std::uint64_t version;
  /// 1: the host publishes jobs without a fence, so a worker that goes to sleep must put one into
  /// the host (os::global_membarrier) between its stamp and its last look.
  std::uint64_t sleeper_fences_host;
  /// The worker sleeps on this word; the host adds one before it wakes.
  alignas(cell_bytes) os::futex_word wake;
  std::atomic<std::uint32_t> stop; ///< 1: leave after the job in hand.
  /// Event indexes: ring when this mark (position + 1) is done; 0: do not. See `worker_end`.
  alignas(cell_bytes) std::atomic<std::uint64_t> bell_at;  ///< For threads that wait for a future.
  std::atomic<std::uint64_t> notify_at;                    ///< For the dispatcher.
  alignas(cell_bytes) std::atomic<std::uint64_t> released; ///< Blocks given back so far.
  std::array<std::uint64_t, release_cells> release;
  alignas(cell_bytes) std::array<request_cell, link_cells> cells;
  std::array<cell_body, link_cells> bodies;
};

struct response_region {
  /// Which of its sleeps the worker is in, counted from 1; 0: it is awake. Never the same twice, so
  /// that the host wakes each sleep once and a late waker ends none that it does not mean.
  alignas(cell_bytes) std::atomic<std::uint64_t> sleeping;
  std::atomic<std::uint32_t> ready;        ///< 1 once it takes jobs.
  alignas(cell_bytes) os::futex_word bell; ///< Waiting threads sleep on this word.
  alignas(cell_bytes) std::array<response_cell, link_cells> cells;
  std::array<cell_body, link_cells> bodies;
};

} // namespace troupe::ipc
