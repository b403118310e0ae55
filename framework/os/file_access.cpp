// Part of Troupe; see LICENSE.

#include "troupe/os/file_access.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::os {

namespace {
bool may(const std::string& path, int what) noexcept {
  return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}
} // namespace

bool may_read(const std::string& path) noexcept {
  return may(path, R_OK);
}

bool may_write(const std::string& path) noexcept {
  return may(path, W_OK);
}

bool may_execute(const std::string& path) noexcept {
  return may(path, X_OK);
}

expected<fd> open_to_read(const std::string& path, std::uint64_t offset) {
  fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return system_failure("cannot open", errno);
  if (offset > 0 && ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return system_failure("cannot go on reading", errno);
  }
  return file;
}

} // namespace troupe::os
