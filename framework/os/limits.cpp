// Part of Troupe; see LICENSE.

#include "troupe/os/limits.hpp"

#include <cerrno>

#include <sys/resource.h>
#include <unistd.h>

namespace troupe::os {

static_assert(static_cast<std::uint64_t>(RLIM_INFINITY) == unlimited);

const std::vector<limit_name>& limit_names() {
  static const std::vector<limit_name> names = {
      {"as", RLIMIT_AS, limit_unit::bytes},
      {"core", RLIMIT_CORE, limit_unit::bytes},
      {"cpu", RLIMIT_CPU, limit_unit::seconds},
      {"data", RLIMIT_DATA, limit_unit::bytes},
      {"fsize", RLIMIT_FSIZE, limit_unit::bytes},
      {"locks", RLIMIT_LOCKS, limit_unit::count},
      {"memlock", RLIMIT_MEMLOCK, limit_unit::bytes},
      {"msgqueue", RLIMIT_MSGQUEUE, limit_unit::bytes},
      {"nice", RLIMIT_NICE, limit_unit::count},
      {"nofile", RLIMIT_NOFILE, limit_unit::count},
      {"nproc", RLIMIT_NPROC, limit_unit::count},
      {"rss", RLIMIT_RSS, limit_unit::bytes},
      {"rtprio", RLIMIT_RTPRIO, limit_unit::count},
      {"rttime", RLIMIT_RTTIME, limit_unit::microseconds},
      {"sigpending", RLIMIT_SIGPENDING, limit_unit::count},
      {"stack", RLIMIT_STACK, limit_unit::bytes},
  };
  return names;
}

std::optional<limit_name> find_limit(std::string_view name) {
  for (const auto& entry : limit_names()) {
    if (entry.name == name) return entry;
  }
  return std::nullopt;
}

std::string_view limit_name_of(int resource) noexcept {
  for (const auto& entry : limit_names()) {
    if (entry.resource == resource) return entry.name;
  }
  return "?";
}

std::uint64_t soft_limit(int resource) noexcept {
  rlimit limit{};
  const auto which = static_cast<__rlimit_resource_t>(resource);
  return ::getrlimit(which, &limit) == 0 ? limit.rlim_cur : unlimited;
}

std::uint64_t hard_limit(int resource) noexcept {
  rlimit limit{};
  const auto which = static_cast<__rlimit_resource_t>(resource);
  return ::getrlimit(which, &limit) == 0 ? limit.rlim_max : unlimited;
}

bool may_exceed_limits() noexcept {
  return ::geteuid() == 0;
}

int set_limit(int resource, std::uint64_t soft, std::uint64_t hard) noexcept {
  const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
  const auto which = static_cast<__rlimit_resource_t>(resource);
  return ::setrlimit(which, &limit) == 0 ? 0 : errno;
}

} // namespace troupe::os
