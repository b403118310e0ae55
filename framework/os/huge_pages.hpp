// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>

namespace troupe::os {

/// Asks for huge pages behind memory that is about to be filled for the first time, which takes a
/// fault per page: does nothing for less than 4 MiB, or where the kernel has none. Only advice.
void prefer_huge_pages(void* at, std::size_t size_bytes) noexcept;

} // namespace troupe::os
