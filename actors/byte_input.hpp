// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace troupe::actors {

/// Where bytes come from, front to end: a file, or a stream.
///
/// Lives in: any process. Threads: one owner. Blocks: `read`, for the disk or for who writes.
/// Crash: nothing is changed. Errors: std::system_error that names the source.
class byte_input {
public:
  byte_input() = default;
  byte_input(const byte_input&) = delete;
  byte_input& operator=(const byte_input&) = delete;
  virtual ~byte_input() = default;

  /// Reads up to `into.size()` bytes; 0 at the end, nothing when it is told to wait no longer. From
  /// a pipe or a terminal: what has come by now, if anything has.
  virtual std::optional<std::size_t> read(std::span<std::byte> into) = 0;
  /// Whether the next read may wait for somebody.
  [[nodiscard]] virtual bool may_wait() const noexcept = 0;
  /// What messages call it.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};

} // namespace troupe::actors
