// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/byte_input.hpp"
#include "troupe/os/fd.hpp"

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

/// Which files are read: what a message names has to be a regular one, or the worker would wait for
/// a pipe, or take a device for an empty file. A pipe that the configuration names is meant.
enum class readable { regular_files, everything };

/// A file that is read from front to end.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk, or for what is at the other end.
/// Crash: nothing is changed.
/// Errors: std::system_error with the path when it cannot be opened or read; std::runtime_error
/// when it is no regular file and has to be one.
class input_file final : public byte_input {
public:
  /// Opens `path` and goes to `offset`, if that is not 0.
  explicit input_file(std::string path, std::uint64_t offset = 0,
                      readable kinds = readable::regular_files);

  std::optional<std::size_t> read(std::span<std::byte> into) override;
  [[nodiscard]] bool may_wait() const noexcept override { return may_wait_; }
  [[nodiscard]] const std::string& name() const noexcept override { return path_; }

private:
  std::string path_;
  os::fd file_;
  bool may_wait_ = false;
};

} // namespace troupe::actors
