// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace troupe {

/// Where a running task puts its answer.
///
/// Lives in: worker. Threads: the one that runs tasks. Blocks: `room`, until the host has taken
/// earlier answers. Crash: an answer that was not published does not exist. Errors: `room` throws
/// `error` (too_large) when the answer is larger than the pool's output arena.
class reply_sink {
public:
  virtual ~reply_sink() = default;
  /// Room for exactly `size_bytes` of result; called at most once per task.
  virtual std::span<std::byte> room(std::size_t size_bytes) = 0;
};

/// What a task's address leads to: decodes the payload, calls, encodes the result.
using task_function = void (*)(std::span<const std::byte> payload, reply_sink& reply);

/// Main of every pool worker: maps the rings, runs the initializer, then tasks until told to stop.
/// Returns the exit code.
int run_worker(std::span<os::fd> descriptors, std::span<const std::byte> setup);

/// Who this worker is; all zero and empty in a process that is no worker.
struct worker_identity {
  std::string pool;
  std::uint32_t slot = 0;
  std::uint64_t incarnation = 0;
  bool is_worker = false;
};
const worker_identity& this_worker() noexcept;

/// Whether this worker was told to stop, has done its last task, and is about to exit.
bool is_worker_ending() noexcept;

namespace detail {
/// The value the initializer returned, for `worker_state<T>()`.
struct worker_state_holder {
  std::shared_ptr<void> value;
  const void* type = nullptr;
};
worker_state_holder& held_worker_state() noexcept;
} // namespace detail

} // namespace troupe
