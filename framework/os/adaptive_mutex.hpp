// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/futex.hpp"
#include "troupe/os/membarrier.hpp"

namespace troupe::os {

/// A mutex for critical sections of well under a microsecond: spins shortly, then sleeps. Fits
/// std::lock_guard and std::unique_lock.
///
/// Unlocking is a plain store: an exchange would wait until every write of the critical section has
/// reached its cache line, which for lines that another process reads is most of the time a task
/// takes. The fence that then separates the store from the look at the sleepers is put there by
/// whoever goes to sleep (docs/decisions/fences.md).
///
/// Lives in: one process. Threads: any. Blocks: `lock`, until the owner leaves.
/// Crash: nothing outside the process. Errors: none.
class adaptive_mutex {
public:
  void lock() noexcept {
    if (!try_lock()) lock_slowly();
  }
  bool try_lock() noexcept {
    std::uint32_t seen = is_free;
    return state_.compare_exchange_strong(seen, is_locked, std::memory_order_acquire);
  }
  void unlock() noexcept {
    state_.store(is_free, std::memory_order_release);
    // SYNC(mutex): free, fence, look for sleepers; `lock_slowly`: announce, fence, look at the
    // state.
    if (has_membarrier_) {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    if (sleepers_.load(std::memory_order_relaxed) != nobody) wake_one();
  }

private:
  static constexpr std::uint32_t is_free = 0;
  static constexpr std::uint32_t is_locked = 1;
  static constexpr std::uint32_t nobody = 0;
  static constexpr std::uint32_t perhaps_some = 1;
  static constexpr int spins = 30;
  static constexpr int yields = 8;

  void lock_slowly() noexcept;
  void wake_one() noexcept;

  const bool has_membarrier_ = accept_local_membarriers();
  std::atomic<std::uint32_t> state_{is_free};
  futex_word sleepers_{nobody}; // What they sleep on.
};

} // namespace troupe::os
