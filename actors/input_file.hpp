// Part of Troupe; see LICENSE.

#pragma once

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
  /// Reads up to `into.size()` bytes; 0 at the end.
  std::size_t read(std::span<std::byte> into);

private:
  std::string path_;
  file_handle file_;
};

} // namespace troupe::actors
