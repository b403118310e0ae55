// Part of Troupe; see LICENSE.

#include "troupe/os/adaptive_mutex.hpp"

namespace troupe::os {

void adaptive_mutex::lock_slowly() noexcept {
  for (int i = 0; i < spins; ++i) {
    if (state_.load(std::memory_order_relaxed) == is_free && try_lock()) return;
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
  while (state_.exchange(is_contended, std::memory_order_acquire) != is_free) {
    futex_wait(state_, is_contended, deadline::never(), futex_scope::process);
  }
}

} // namespace troupe::os
