// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/futex.hpp"

namespace troupe::os {

/// A mutex for critical sections of well under a microsecond: spins shortly, then sleeps. Fits
/// std::lock_guard and std::unique_lock.
///
/// Lives in: one process. Threads: any. Blocks: `lock`, until the owner leaves.
/// Crash: nothing outside the process. Errors: none.
/// Source of the algorithm: U. Drepper, "Futexes Are Tricky" (mutex 2), plus a spin before sleeping.
class adaptive_mutex {
public:
  void lock() noexcept {
    std::uint32_t seen = is_free;
    if (!state_.compare_exchange_strong(seen, is_locked, std::memory_order_acquire)) lock_slowly();
  }
  bool try_lock() noexcept {
    std::uint32_t seen = is_free;
    return state_.compare_exchange_strong(seen, is_locked, std::memory_order_acquire);
  }
  void unlock() noexcept {
    if (state_.exchange(is_free, std::memory_order_release) == is_contended) {
      futex_wake(state_, 1, futex_scope::process);
    }
  }

private:
  static constexpr std::uint32_t is_free = 0;
  static constexpr std::uint32_t is_locked = 1;
  static constexpr std::uint32_t is_contended = 2;
  static constexpr int spins = 100;

  void lock_slowly() noexcept;

  futex_word state_{is_free};
};

} // namespace troupe::os
