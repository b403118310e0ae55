// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <string>

namespace troupe::os {

/// A file that at most one process holds: whoever owns the thing that the file stands for. It has
/// the owner's pid as its text and is removed by its owner.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: the kernel lets go of the lock; the
/// file stays and is taken over by the next one.
/// Errors: `would_block` (somebody holds it), `bad_argument` (what lies there is not ours to write:
/// a link, another user's, or something else than a lock file), `system`.
class file_lock {
public:
  /// Makes the file when it is not there.
  static expected<file_lock> acquire(const std::string& path);

  file_lock(file_lock&&) noexcept = default;
  file_lock& operator=(file_lock&&) = delete;
  ~file_lock();

private:
  file_lock(std::string path, fd file) : path_{std::move(path)}, file_{std::move(file)} {}

  std::string path_;
  fd file_;
};

/// Pid that the holder of the lock file wrote, or 0.
int holder_of(const std::string& path);

} // namespace troupe::os
