// Part of Troupe; see LICENSE.

#include "troupe/os/memory_use.hpp"

#include <cstdio>
#include <limits>

#include <sys/resource.h>
#include <unistd.h>

namespace troupe::os {

namespace {

struct memory_use {
  std::uint64_t mapped = 0;
  std::uint64_t resident = 0;
};

// In bytes; all 0 when it cannot be read.
memory_use memory_of(int pid) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
  auto* const file = std::fopen(path, "re");
  if (file == nullptr) return {};
  unsigned long long mapped = 0;
  unsigned long long resident = 0;
  const int count = std::fscanf(file, "%llu %llu", &mapped, &resident);
  std::fclose(file);
  if (count != 2) return {};
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {mapped * page, resident * page};
}

} // namespace

std::uint64_t resident_bytes(int pid) noexcept {
  return memory_of(pid).resident;
}

std::uint64_t address_space_left() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  const auto mapped = memory_of(::getpid()).mapped;
  return mapped != 0 && mapped < limit.rlim_cur ? limit.rlim_cur - mapped : 0;
}

} // namespace troupe::os
