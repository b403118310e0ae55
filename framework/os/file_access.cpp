// Part of Troupe; see LICENSE.

#include "troupe/os/file_access.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {
bool may(const std::string& path, int what) noexcept {
  return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}

/// A path that the kernel takes: relative to `folder`, or to the current one when that is empty.
struct short_path {
  fd folder;
  std::string rest;

  [[nodiscard]] int base() const noexcept { return folder ? folder.get() : AT_FDCWD; }
};

// Enters the folders of a path that is too long for one call, piece by piece.
expected<short_path> shorten(std::string_view path) {
  short_path out;
  while (path.size() >= PATH_MAX) {
    const auto cut = path.rfind('/', PATH_MAX - 2);
    if (cut == std::string_view::npos || cut == 0) {
      return system_failure("cannot open", ENAMETOOLONG);
    }
    const std::string piece{path.substr(0, cut)};
    fd next{::openat(out.base(), piece.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!next) return system_failure("cannot open", errno);
    out.folder = std::move(next);
    path.remove_prefix(std::min(path.find_first_not_of('/', cut), path.size()));
  }
  out.rest = path;
  return out;
}

expected<void> require_regular(mode_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return system_failure("cannot read", EISDIR);
  const auto* const what = S_ISFIFO(mode)   ? "a pipe (FIFO)"
                           : S_ISSOCK(mode) ? "a socket"
                                            : "a device";
  return failure{errc::bad_argument, std::string{"it is "} + what + ", not a regular file"};
}

// Looked at before it is opened: the opening alone moves some devices.
expected<void> look_at(const short_path& path) {
  struct stat status {};
  if (::fstatat(path.base(), path.rest.c_str(), &status, 0) != 0) {
    return system_failure("cannot open", errno);
  }
  return require_regular(status.st_mode);
}

expected<void> go_to(const fd& file, std::uint64_t offset) {
  if (offset == 0 || ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) >= 0) return {};
  return system_failure("cannot go on reading", errno);
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
  if (auto done = go_to(file, offset); !done) return done.error();
  return file;
}

expected<fd> open_regular(const std::string& path, std::uint64_t offset) {
  const auto place = shorten(path);
  if (!place) return place.error();
  if (auto done = look_at(*place); !done) return done.error();
  // Not to wait, should it have become a pipe meanwhile.
  fd file{::openat(place->base(), place->rest.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file) return system_failure("cannot open", errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_failure("cannot open", errno);
  if (auto done = require_regular(status.st_mode); !done) return done.error();
  if (auto done = go_to(file, offset); !done) return done.error();
  return file;
}

std::string problem_of_regular(const std::string& path) {
  const auto place = shorten(path);
  if (!place) return place.error().message;
  const auto done = look_at(*place);
  return done ? std::string{} : done.error().message;
}

} // namespace troupe::os
