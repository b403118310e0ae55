// Part of Troupe; see LICENSE.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::ipc {

/// Hands out blocks of a region by offset; the region itself is never touched, so the book-keeping
/// cannot be forged by whoever shares it. Blocks have power-of-two sizes and are reused last in,
/// first out, so that hot memory stays hot.
///
/// When no block is left in use the arena is whole again; a caller that lets work drain before a
/// large request therefore always gets it (at most `capacity_bytes`).
///
/// Lives in: the process that writes the region. Threads: one owner. Blocks: never.
/// Crash: the region dies with its owner. Errors: no room is an empty optional.
class arena {
public:
  static constexpr std::size_t block_bytes_min = 256;

  explicit arena(std::size_t capacity_bytes) noexcept : capacity_bytes_{capacity_bytes} {}

  /// Returns the offset of a block of at least `size_bytes`, aligned to 256.
  [[nodiscard]] std::optional<std::uint64_t> allocate(std::size_t size_bytes);
  /// Takes back the block at `offset`, made for `size_bytes`.
  void release(std::uint64_t offset, std::size_t size_bytes);

  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_bytes_; }
  [[nodiscard]] std::size_t blocks_in_use() const noexcept { return in_use_; }

private:
  static constexpr std::size_t classes = 48;
  static std::size_t class_of(std::size_t size_bytes) noexcept;

  std::size_t capacity_bytes_;
  std::size_t next_ = 0; // First byte never handed out.
  std::size_t in_use_ = 0;
  std::array<std::vector<std::uint64_t>, classes> free_;
};

} // namespace troupe::ipc
