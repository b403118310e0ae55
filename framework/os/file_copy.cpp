// Part of Troupe; see LICENSE.

#include "troupe/os/file_copy.hpp"

#include "troupe/os/fd.hpp"

#include <cerrno>
#include <climits>
#include <cstdio>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr mode_t rights_mask = 07777;
constexpr std::size_t step_bytes = std::size_t{1} << 30;

std::error_code last_error() noexcept {
  return {errno, std::generic_category()};
}

/// A file without a name beside `to`; empty with errno.
fd make_unnamed(const std::string& to) noexcept {
  const auto slash = to.rfind('/');
  const auto folder = slash == std::string::npos ? "." : slash == 0 ? "/" : to.substr(0, slash);
  return fd{::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR)};
}

bool is_unsupported(int error) noexcept {
  // EISDIR: a kernel or a file system that does not know the flag opens the folder itself.
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

std::error_code fill(const fd& in, const fd& out) noexcept {
  for (;;) {
    const auto copied = ::sendfile(out.get(), in.get(), nullptr, step_bytes);
    if (copied == 0) break;
    if (copied < 0 && errno != EINTR) return last_error();
  }
  return {};
}

bool give_name(const fd& file, const std::string& name) noexcept {
  char own[32];
  std::snprintf(own, sizeof own, "/proc/self/fd/%d", file.get());
  return ::linkat(AT_FDCWD, own, AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

std::error_code publish(const fd& file, const std::string& to,
                        const std::string& stand_in) noexcept {
  if (give_name(file, to)) return {};
  if (errno == ENOENT) return std::make_error_code(std::errc::not_supported); // No /proc here.
  if (errno != EEXIST) return last_error();
  ::unlink(stand_in.c_str());
  if (!give_name(file, stand_in)) return last_error();
  if (::rename(stand_in.c_str(), to.c_str()) == 0) return {};
  const auto problem = last_error();
  ::unlink(stand_in.c_str());
  return problem;
}

} // namespace

std::error_code copy_at_once(const std::string& from, const std::string& to,
                             const std::string& stand_in) noexcept {
  const fd in{::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)}; // A pipe must not block.
  if (!in) return last_error();
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) return last_error();
  if (S_ISDIR(status.st_mode)) return std::make_error_code(std::errc::is_a_directory);
  if (!S_ISREG(status.st_mode)) return std::make_error_code(std::errc::invalid_argument);
  const auto out = make_unnamed(to);
  if (!out) {
    return is_unsupported(errno) ? std::make_error_code(std::errc::not_supported) : last_error();
  }
  if (const auto problem = fill(in, out)) return problem;
  if (::fchmod(out.get(), status.st_mode & rights_mask) != 0) return last_error();
  return publish(out, to, stand_in);
}

} // namespace troupe::os
