// Part of Troupe; see LICENSE.

#pragma once

namespace troupe::detail {

/// Prints the broken contract to stderr and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

} // namespace troupe::detail

/// Checks a contract of our own code; always on. Never for bytes that another process, a file or a
/// user wrote: those are data, and a wrong one is an error.
#define TROUPE_ASSERT(condition)                                                                   \
  (static_cast<bool>(condition)                                                                    \
       ? void(0)                                                                                   \
       : ::troupe::detail::assertion_failed(#condition, __FILE__, __LINE__))
