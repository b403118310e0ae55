// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"

#include <atomic>
#include <cstdint>

namespace troupe::os {

/// A futex word: 32 bits, in private or shared memory.
using futex_word = std::atomic<std::uint32_t>;
static_assert(sizeof(futex_word) == 4 && futex_word::is_always_lock_free);

/// Who may wait on a word: threads of this process, or of every process that maps it.
enum class futex_scope { process, shared };

/// Sleeps while `word == seen`, until woken or `limit`. Returns false only when the deadline
/// passed; spurious returns are allowed, so callers re-check. A shared word may be in a read-only
/// mapping.
bool futex_wait(const futex_word& word, std::uint32_t seen, deadline limit,
                futex_scope scope) noexcept;

/// Sleeps until either word (a private, b shared) is woken or has changed; as `futex_wait`.
/// Needs Linux 5.16; on older kernels waits on `a` alone and at most `fallback_slice`.
bool futex_wait_either(const futex_word& a, std::uint32_t seen_a, const futex_word& b,
                       std::uint32_t seen_b, deadline limit) noexcept;

/// Wakes at most `count` sleepers; returns how many. Async-signal-safe.
int futex_wake(const futex_word& word, int count, futex_scope scope) noexcept;

} // namespace troupe::os
