// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>

namespace troupe::os {

/// The resident set of a process in bytes; 0 when it is gone or may not be looked at.
std::uint64_t resident_bytes(int pid) noexcept;

} // namespace troupe::os
