// Part of Troupe; see LICENSE.

#include "troupe/os/file_lock.hpp"

#include <cerrno>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

// The path may have come to mean another file between the open and the lock.
bool is_still_at(const fd& file, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(file.get(), &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

} // namespace

expected<file_lock> file_lock::acquire(const std::string& path) {
  constexpr int rounds_max = 100; // Each lost one means that another owner came and went.
  for (int round = 0; round < rounds_max; ++round) {
    fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return system_failure("cannot open " + path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_failure("cannot lock " + path, errno);
      return failure{errc::would_block, path + " is held by another process"};
    }
    if (!is_still_at(file, path)) continue;
    const auto text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), text.data(), text.size(), 0) < 0) {
      return system_failure("cannot write " + path, errno);
    }
    return file_lock{path, std::move(file)};
  }
  return failure{errc::would_block, path + " is taken by one process after another"};
}

file_lock::~file_lock() {
  if (file_) ::unlink(path_.c_str()); // While it is locked, so that nobody loses a lock with it.
}

int holder_of(const std::string& path) {
  int pid = 0;
  std::ifstream{path} >> pid;
  return pid;
}

} // namespace troupe::os
