// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

namespace troupe::actors {

struct close_file {
  void operator()(std::FILE* file) const noexcept;
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

/// A file that is read from front to end.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk, or for what is at the other end.
/// Crash: nothing is changed.
/// Errors: std::system_error with the path when it cannot be opened or read.
class input_file {
public:
  /// Opens `path` and goes to `offset`, if that is not 0.
  explicit input_file(std::string path, std::uint64_t offset = 0);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Reads up to `into.size()` bytes; 0 at the end. From a pipe or a terminal: what has come by
  /// now, if anything has.
  std::size_t read(std::span<std::byte> into);
  /// Whether the next read may wait for somebody.
  [[nodiscard]] bool may_wait() const noexcept { return may_wait_; }

private:
  std::string path_;
  os::fd file_;
  bool may_wait_ = false;
};

} // namespace troupe::actors
