// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/futex.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace troupe {

class pool_core;
struct function_profile;
struct continuation;

/// How a task ended.
enum class outcome : std::uint8_t {
  pending,
  value,     ///< The bytes are the function's result.
  error,     ///< The function threw; the bytes are an encoded exception.
  lost,      ///< Its worker died, and no attempt is left.
  timed_out, ///< It ran longer than its limit; the worker was killed.
  cancelled, ///< Withdrawn before a worker began it, or the pool was terminated.
  failed,    ///< The pool could not run it; a failure says why.
};

/// Where the bytes of a task are: its arguments while it waits, its result once it is done.
enum class byte_place : std::uint8_t { none, here, heap, arena, pieces, in_ring };

/// One call sent to a pool: the record that a future and the pool share. 128 bytes, taken from the
/// pool's own store, so that a submit costs no allocation.
///
/// Everything belongs to the pool (its lock) until `phase` says done, and to the futures,
/// read-only, from then on; futures read `phase` at any time.
struct alignas(64) task_state {
  static constexpr std::uint32_t is_done = 1;
  static constexpr std::uint32_t has_waiter = 2;   ///< A thread sleeps on `phase`.
  static constexpr std::uint32_t is_abandoned = 4; ///< No future is left.
  static constexpr std::uint32_t has_continuation = 8;
  static constexpr std::uint32_t has_callbacks = 16; ///< Users' callbacks that have not returned.
  static constexpr std::size_t bytes_here_max = 40;
  static constexpr std::uint16_t no_slot = 0xffff;

  os::futex_word phase{0};
  std::atomic<std::uint32_t> handles{1}; ///< Futures that share this task.
  pool_core* core = nullptr;
  task_state* next = nullptr; ///< In the backlog or the free list.
  function_profile* profile = nullptr;
  continuation* continuations = nullptr;
  std::uint64_t id = 0;
  std::uint64_t code = 0;
  std::uint64_t function = 0;     ///< The user's function, for its name.
  std::uint64_t position = 0;     ///< In the ring of `slot`.
  std::int64_t time_limit_ns = 0; ///< 0: none.
  std::uint32_t size = 0;
  std::uint16_t slot = no_slot;
  outcome how = outcome::pending;
  byte_place place = byte_place::none;
  std::uint16_t attempts = 0; ///< Begun so far.
  std::uint16_t attempts_max = 1;
  std::uint8_t refusals = 0; ///< Workers that were given up because they did not begin it.
  bool had_to_wake = false;  ///< Its worker slept when it was sent.
  bool was_running = false;  ///< Cancelled: a worker was in it when the pool was terminated.
  union {
    alignas(8) std::array<std::byte, bytes_here_max> here;
    std::byte* heap;            ///< malloc'ed.
    std::uint64_t arena_offset; ///< Of the block or the first piece.
    void* detail;               ///< lost/timed_out/failed: see task_detail.
  };

  task_state() noexcept : here{} {}
  [[nodiscard]] bool is_resolved() const noexcept {
    return (phase.load(std::memory_order_acquire) & is_done) != 0;
  }
};
static_assert(sizeof(task_state) <= 192);

} // namespace troupe
