// Part of Troupe; see LICENSE.

#pragma once

namespace troupe::ipc {

/// Tells the core that this is a spin loop.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Starts to fetch the cache line at `address` for writing, which takes it from other cores.
/// g++ makes a read prefetch of __builtin_prefetch(p, 1) unless it is told of a newer CPU.
inline void prefetch_for_write(const void* address) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

} // namespace troupe::ipc
