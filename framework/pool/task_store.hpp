// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/task_state.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace troupe {

/// Makes and keeps the task records of one pool. Records are reused, never given back before the
/// store ends, so that a late `futex_wake` on one is harmless.
///
/// Lives in: host. Threads: `take` under the pool's lock; `give_back` any. Blocks: never.
/// Crash: nothing outside the host. Errors: `take` throws std::bad_alloc.
class task_store {
public:
  /// Returns a fresh record.
  task_state* take();
  /// Takes a record back. True: the store was closed, and this was the last record outstanding.
  [[nodiscard]] bool give_back(task_state* task) noexcept;
  /// Nothing is taken any more. True: no record is outstanding, so the store can end now; else
  /// exactly one `give_back` will say so.
  [[nodiscard]] bool close() noexcept;

private:
  static constexpr std::size_t slab_records = 512;
  static task_state* closed_mark() noexcept;

  task_state* free_ = nullptr;                 // Ours, under the pool's lock.
  std::uint64_t taken_ = 0;                    // Records handed out and not seen back in free_.
  std::atomic<task_state*> returned_{nullptr}; // Given back by any thread.
  std::atomic<std::int64_t> outstanding_{0};   // Counts only after `close`.
  std::vector<std::unique_ptr<task_state[]>> slabs_;
};

} // namespace troupe
