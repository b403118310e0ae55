// Part of Troupe; see LICENSE.

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/// The bare limit: a one-to-one ring in shared memory and a parking place, nothing more.
namespace bench {

inline void pause_core() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Where one process sleeps until a position is reached. The word holds what it waits for, so that
/// a late waker of an earlier sleep cannot take this one for woken.
class parking {
public:
  /// Sleeps unless `reached(position)` came true meanwhile. Returns also without reason.
  template<class Reached>
  void park(std::uint32_t position, Reached reached) {
    const auto stamp = position | parked;
    // SYNC(parking): the stamp is seen by whoever publishes later, or we see what was published.
    word_.store(stamp, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!reached()) syscall(SYS_futex, &word_, FUTEX_WAIT, stamp, nullptr, nullptr, 0);
    word_.store(0, std::memory_order_relaxed);
  }

  /// Wakes the sleeper if it waits for `position` or an earlier one. Call after publishing.
  bool wake_at(std::uint32_t position) {
    // SYNC(parking): orders the publication before the look at the stamp.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    auto stamp = word_.load(std::memory_order_relaxed);
    if (stamp == 0) return false;
    const auto ahead = static_cast<std::int32_t>(((position | parked) - stamp) << 1);
    if (ahead < 0 || !word_.compare_exchange_strong(stamp, 0)) return false;
    syscall(SYS_futex, &word_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    return true;
  }

private:
  static constexpr std::uint32_t parked = 0x8000'0000;
  std::atomic<std::uint32_t> word_{0};
};

/// One producer, one consumer; positions only grow. Zeroed memory is an empty ring.
template<std::size_t Capacity>
class word_ring {
public:
  static constexpr std::size_t capacity = Capacity;

  bool try_push(std::uint64_t value) {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (tail - producer_head_ == Capacity) {
      // SYNC(ring-head): the consumer has read the slot before it is written again.
      producer_head_ = head_.load(std::memory_order_acquire);
      if (tail - producer_head_ == Capacity) return false;
    }
    slots_[tail % Capacity] = value;
    tail_.store(tail + 1, std::memory_order_release); // SYNC(ring-tail): publishes the slot.
    return true;
  }

  /// Gives what is there, up to `limit` values, to `use`; returns how many.
  template<class Use>
  std::uint64_t drain(std::uint64_t limit, Use use) {
    const auto head = head_.load(std::memory_order_relaxed);
    const auto there = tail_.load(std::memory_order_acquire) - head; // SYNC(ring-tail)
    const auto tail = head + std::min(limit, there);
    for (auto at = head; at != tail; ++at) use(slots_[at % Capacity]);
    if (tail != head) head_.store(tail, std::memory_order_release); // SYNC(ring-head)
    return tail - head;
  }

  [[nodiscard]] std::uint64_t tail() const { return tail_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t head() const { return head_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_empty() const { return head() == tail(); }

private:
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::uint64_t producer_head_ = 0; // The producer's last look at `head_`.
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::array<std::uint64_t, Capacity> slots_{};
};

} // namespace bench
