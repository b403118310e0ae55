// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pool/task_state.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

/// The few functions that futures and the typed pool call on the untyped core.
namespace troupe {

class pool_core;
struct exit_record;

/// Room in the pool's input arena (or on the heap when that is full).
struct large_payload {
  std::byte* data = nullptr;
  std::size_t size_bytes = 0;
  std::uint64_t arena_offset = 0;
  bool is_in_arena = false;
};

/// One call, encoded.
struct task_call {
  std::uint64_t code = 0;             ///< code_address of a task_function.
  std::uint64_t profile_key = 0;      ///< Calls with one key take about the same time.
  std::uint64_t function = 0;         ///< code_address of what the user passed, for its name.
  std::span<const std::byte> payload; ///< Unless `large` is set.
  large_payload* large = nullptr;     ///< Taken over when submit returns.
  duration timeout{};                 ///< 0: the pool's.
  std::uint16_t attempts_max = 0;     ///< 0: the pool's.
};

/// Something to do once a task is resolved. Owned by its maker until `run`, which ends it.
struct continuation {
  continuation* next = nullptr;
  /// Runs under the pool's lock in the moment of the resolution, on whatever thread that is: must
  /// be short, not block and not touch a pool.
  bool is_immediate = false;
  /// Those who wait for the task wait until this has run, too.
  bool is_awaited = false;
  /// Called once, on the thread "troupe-calls" or, when the task was resolved already, at once.
  virtual void run() noexcept = 0;
  virtual ~continuation() = default;
};

/// Why a task has no result; behind `task_state::detail`.
struct task_detail {
  failure cause;
  std::unique_ptr<exit_record> record; ///< worker_lost, timed_out.
  std::uint64_t task = 0;
  ~task_detail();
};

/// Counted since the pool began; approximate while tasks run.
struct pool_counters {
  std::uint64_t submitted = 0;
  std::uint64_t resolved = 0;
  std::uint64_t retried = 0; ///< Attempts after the first.
  std::uint64_t lost = 0;    ///< Tasks that failed with worker_lost.
  std::uint64_t timed_out = 0;
  std::uint64_t taken_back = 0; ///< Handed to a worker and given to another, not begun.
  std::uint64_t worker_exits = 0;
  std::uint64_t wakes = 0;   ///< Workers woken from sleep.
  std::uint64_t served = 0;  ///< Times the dispatcher was woken.
  std::uint64_t backlog = 0; ///< Tasks that wait now.
  std::uint64_t corrupt = 0; ///< Workers replaced because their memory made no sense.
};

namespace task_port {

/// Throws forked_copy in a forked copy of the process whose task it is, as `wait`, `cancel`,
/// `is_running` and `add_continuation` do.
void refuse_forked_copy(const task_state& task);
/// Waits until the task is resolved and its callbacks have returned; false: the deadline came
/// first. A callback itself waits for no callbacks.
[[nodiscard]] bool wait(task_state& task, deadline limit);
[[nodiscard]] bool cancel(task_state& task);
[[nodiscard]] bool is_running(task_state& task);
void add_continuation(task_state& task, continuation& what);
/// Takes one back. False: it has run, or is about to, or never will (in a forked copy).
[[nodiscard]] bool remove_continuation(task_state& task, continuation& what) noexcept;
/// The continuations have run; gives up the handle that was held for them.
void end_callbacks(task_state& task) noexcept;
void add_handle(task_state& task) noexcept;
void drop_handle(task_state& task) noexcept;
/// Frees what a resolved record holds and gives it back to its pool.
void destroy(task_state& task) noexcept;

/// The result bytes. @pre resolved with `outcome::value`
std::span<const std::byte> result(const task_state& task) noexcept;
/// The exception for any other outcome. @pre resolved, not with a value
std::exception_ptr exception(const task_state& task);

} // namespace task_port

} // namespace troupe
