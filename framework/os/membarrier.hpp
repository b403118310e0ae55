// Part of Troupe; see LICENSE.

#pragma once

namespace troupe::os {

/// Lets other processes put a full memory barrier into this one's threads (`global_membarrier`).
/// Cheap while the process has one thread, so `troupe::init` calls it. Remembers its answer; false:
/// the kernel or a sandbox forbids it. Source: membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED.
bool accept_membarriers() noexcept;

/// A full barrier here and, at the same time, in every running thread of every process that
/// accepts them. A few microseconds.
void global_membarrier() noexcept;

/// As `accept_membarriers`, for `local_membarrier` of this process alone.
bool accept_local_membarriers() noexcept;

/// A full barrier here and, at the same time, in every running thread of this process.
void local_membarrier() noexcept;

} // namespace troupe::os
