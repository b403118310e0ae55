// Part of Troupe; see LICENSE.

#include "troupe/os/futex.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

namespace troupe::os {

namespace {

constexpr auto fallback_slice = std::chrono::milliseconds{1};

// struct futex_waitv of <linux/futex.h>, absent from older kernel headers.
struct wait_entry {
  std::uint64_t value;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};
constexpr std::uint32_t entry_is_32_bits = 2;
constexpr std::uint32_t entry_is_private = 128;

timespec to_timespec(time_point when) noexcept {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch());
  const auto count = since.count() < 0 ? 0 : since.count();
  return {.tv_sec = static_cast<time_t>(count / 1'000'000'000),
          .tv_nsec = static_cast<long>(count % 1'000'000'000)};
}

int flag_of(futex_scope scope) noexcept {
  return scope == futex_scope::process ? FUTEX_PRIVATE_FLAG : 0;
}

} // namespace

bool futex_wait(const futex_word& word, std::uint32_t seen, deadline limit,
                futex_scope scope) noexcept {
  std::optional<timespec> until;
  if (!limit.is_never()) until = to_timespec(limit.when());
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time: no drift over retries.
  const auto result = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | flag_of(scope), seen,
                                until ? &*until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
  return !(result < 0 && errno == ETIMEDOUT);
}

bool futex_wait_either(const futex_word& a, std::uint32_t seen_a, const futex_word& b,
                       std::uint32_t seen_b, deadline limit) noexcept {
  const wait_entry entries[2] = {
      {seen_a, reinterpret_cast<std::uintptr_t>(&a), entry_is_32_bits | entry_is_private, 0},
      {seen_b, reinterpret_cast<std::uintptr_t>(&b), entry_is_32_bits, 0}};
  std::optional<timespec> until;
  if (!limit.is_never()) until = to_timespec(limit.when());
  const auto result =
      ::syscall(SYS_futex_waitv, entries, 2, 0, until ? &*until : nullptr, CLOCK_MONOTONIC);
  if (result >= 0 || errno == EAGAIN || errno == EINTR) return true;
  if (errno == ETIMEDOUT) return false;
  const auto slice = clock::now() + fallback_slice;
  const bool is_last_slice = limit.when() <= slice;
  const bool is_woken =
      futex_wait(a, seen_a, is_last_slice ? limit : deadline::at(slice), futex_scope::process);
  return is_woken || !is_last_slice;
}

int futex_wake(const futex_word& word, int count, futex_scope scope) noexcept {
  const auto woken =
      ::syscall(SYS_futex, &word, FUTEX_WAKE | flag_of(scope), count, nullptr, nullptr, 0);
  return woken < 0 ? 0 : static_cast<int>(woken);
}

} // namespace troupe::os
