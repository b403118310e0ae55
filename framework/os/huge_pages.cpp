// Part of Troupe; see LICENSE.

#include "troupe/os/huge_pages.hpp"

#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr std::size_t worth_bytes_min = std::size_t{4} << 20;

} // namespace

void prefer_huge_pages(void* at, std::size_t size_bytes) noexcept {
  if (size_bytes < worth_bytes_min) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(at) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(at) + size_bytes) / page * page;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

} // namespace troupe::os
