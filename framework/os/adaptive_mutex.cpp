// Part of Troupe; see LICENSE.

#include "troupe/os/adaptive_mutex.hpp"

#include <sched.h>

namespace troupe::os {

namespace {

// Should a sandbox that closed behind us refuse the fence, a sleeper that was missed wakes by
// itself.
constexpr auto look_again_after = std::chrono::milliseconds{50};

} // namespace

void adaptive_mutex::lock_slowly() noexcept {
  for (int i = 0; i < spins; ++i) {
    if (state_.load(std::memory_order_relaxed) == is_free && try_lock()) return;
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
  for (int i = 0; i < yields; ++i) {
    ::sched_yield();
    if (state_.load(std::memory_order_relaxed) == is_free && try_lock()) return;
  }
  for (;;) {
    sleepers_.store(perhaps_some, std::memory_order_seq_cst);
    // SYNC(mutex): an owner that has not seen the mark yet has freed the state before this fence.
    if (has_membarrier_) local_membarrier();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // The mark stays after success: others may sleep still, and the next unlock wakes one of them.
    if (try_lock()) return;
    futex_wait(sleepers_, perhaps_some, deadline::after(look_again_after), futex_scope::process);
  }
}

void adaptive_mutex::wake_one() noexcept {
  // Taking the mark first makes whoever has announced itself and not slept yet look again.
  if (sleepers_.exchange(nobody, std::memory_order_seq_cst) == nobody) return;
  futex_wake(sleepers_, 1, futex_scope::process);
}

} // namespace troupe::os
