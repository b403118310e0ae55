// Part of Troupe; see LICENSE.

#include "troupe/os/file_access.hpp"

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

} // namespace troupe::os
