// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>

namespace troupe::os {

/// The resident set of a process in bytes; 0 when it is gone or may not be looked at.
std::uint64_t resident_bytes(int pid) noexcept;

/// What this process may still map until RLIMIT_AS (`ulimit -v`) in bytes; the largest number when
/// there is no limit, 0 when there is one and what is mapped cannot be read.
std::uint64_t address_space_left() noexcept;

} // namespace troupe::os
