// Part of Troupe; see LICENSE.

#include "troupe/os/file_lock.hpp"

#include "troupe/os/pipe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr int rounds_max = 100;        // Each lost one means that an owner came and went.
constexpr std::size_t text_bytes = 64; // A pid and its line's end take far less.
constexpr int quietly = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK; // Whatever lies there.

// The path may have come to mean another file between the open and the lock.
bool is_still_at(const fd& file, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(file.get(), &held) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

// The first bytes of the file; a lock file has no more.
std::string text_of(const fd& file) {
  std::array<char, text_bytes> text{};
  const auto size = ::pread(file.get(), text.data(), text.size(), 0);
  return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

// Says what speaks against writing into a file that was there; empty: one of ours, perhaps of an
// owner that has died.
std::string objection(const fd& file) {
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return "cannot be looked at";
  if (!S_ISREG(found.st_mode)) return "is no regular file";
  if (found.st_uid != ::geteuid()) return "belongs to another user";
  if (found.st_nlink > 1) return "has a second name (a hard link)";
  const auto text = text_of(file);
  const bool is_ours =
      text.empty() || (text.size() < text_bytes && text[0] >= '0' && text[0] <= '9');
  return is_ours ? "" : "holds something else than the number of a process";
}

failure refused(const std::string& path, const std::string& why) {
  return {errc::bad_argument,
          "cannot use " + path + " as a lock file: it " + why +
              ". It is left as it is; remove it if nobody needs it, or choose another place"};
}

// Opens what is there, or makes it. Never through a link, and never waiting for another end.
expected<fd> open_or_make(const std::string& path) {
  for (int round = 0; round < rounds_max; ++round) {
    fd made{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | quietly, 0600)};
    if (made) return made;
    if (errno != EEXIST) return system_failure("cannot make " + path, errno);
    fd found{::open(path.c_str(), O_RDWR | quietly)};
    if (found) return found;
    switch (errno) {
    case ENOENT: // Its owner has just removed it.
      continue;
    case ELOOP:
      return refused(path, "is a symbolic link");
    case EISDIR:
    case ENXIO: // A socket.
      return refused(path, "is no regular file");
    default:
      return system_failure("cannot open " + path, errno);
    }
  }
  return failure{errc::would_block, path + " is taken by one process after another"};
}

} // namespace

expected<file_lock> file_lock::acquire(const std::string& path) {
  for (int round = 0; round < rounds_max; ++round) {
    auto file = open_or_make(path);
    if (!file) return file.error();
    if (const auto why = objection(*file); !why.empty()) return refused(path, why);
    if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_failure("cannot lock " + path, errno);
      return failure{errc::would_block, path + " is held by another process"};
    }
    if (!is_still_at(*file, path)) continue;
    const auto text = std::to_string(::getpid()) + "\n";
    const auto bytes = std::as_bytes(std::span{text});
    if (::ftruncate(file->get(), 0) != 0) return system_failure("cannot write " + path, errno);
    const auto written = write_some(*file, bytes);
    if (!written) return with_context(written.error(), "cannot write " + path);
    if (*written != bytes.size()) return system_failure("cannot write " + path, ENOSPC);
    return file_lock{path, std::move(*file)};
  }
  return failure{errc::would_block, path + " is taken by one process after another"};
}

file_lock::~file_lock() {
  // While it is locked, so that nobody loses a lock with it; and only what is ours.
  if (file_ && is_still_at(file_, path_)) ::unlink(path_.c_str());
}

int holder_of(const std::string& path) {
  const fd file{::open(path.c_str(), O_RDONLY | quietly)};
  if (!file) return 0;
  const auto text = text_of(file);
  int pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return std::max(pid, 0);
}

} // namespace troupe::os
