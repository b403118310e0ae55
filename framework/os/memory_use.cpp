// Part of Troupe; see LICENSE.

#include "troupe/os/memory_use.hpp"

#include <cstdio>

#include <unistd.h>

namespace troupe::os {

std::uint64_t resident_bytes(int pid) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
  auto* const file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int count = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return count == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

} // namespace troupe::os
