// Part of Troupe; see LICENSE.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::ipc {

/// Hands out blocks of a region by offset; the region itself is never touched, so the book-keeping
/// cannot be forged by whoever shares it.
///
/// Blocks that came back are kept by size and given out again last in, first out, so that hot
/// memory stays hot. Where none of the size is kept, a block is cut from what is free; when nothing
/// free is large enough, all that is kept is joined with its free neighbours first. So a request is
/// met whenever that many bytes are free in a row, whatever sizes were cut before; and, in pieces,
/// whenever that many are free at all.
///
/// A block of up to 64 KiB takes up to an eighth more than was asked, at least 256 bytes; a larger
/// one whole pages, but no more than it has to when room is short.
///
/// Lives in: the process that writes the region. Threads: one owner. Blocks: never.
/// Crash: the region dies with its owner. Errors: no room is an empty optional.
class arena {
public:
  static constexpr std::size_t block_bytes_min = 256;

  struct piece {
    std::uint64_t offset = 0;
    std::size_t size_bytes = 0;
  };

  explicit arena(std::size_t capacity_bytes);

  /// Returns the offset of a block of at least `size_bytes`, aligned to 256. O(log blocks).
  [[nodiscard]] std::optional<std::uint64_t> allocate(std::size_t size_bytes);

  /// Whether `allocate` or `allocate_pieces` would find room now.
  [[nodiscard]] bool has_room_for(std::size_t size_bytes, std::size_t header_bytes);
  /// Room in several pieces, as few as can be, each with `header_bytes` of its own in front. Kept
  /// and released as one block, by the offset of the first. Empty: not even so.
  [[nodiscard]] std::vector<piece> allocate_pieces(std::size_t size_bytes,
                                                   std::size_t header_bytes);

  /// Takes back the block at `offset`, made for `size_bytes`.
  void release(std::uint64_t offset, std::size_t size_bytes);

  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_bytes_; }
  [[nodiscard]] std::size_t free_bytes() const noexcept { return capacity_bytes_ - used_bytes_; }
  [[nodiscard]] std::size_t blocks_in_use() const noexcept { return in_use_; }

private:
  static constexpr std::size_t small_bytes_max = 64 * 1024;
  static constexpr std::uint64_t nowhere = ~std::uint64_t{0};
  static constexpr std::size_t small_lists = small_bytes_max / block_bytes_min + 1;

  /// The least that a block of `size_bytes` takes. @pre it is at most the capacity
  [[nodiscard]] std::size_t least_bytes(std::size_t size_bytes) const noexcept;
  [[nodiscard]] std::size_t usual_bytes(std::size_t size_bytes) const noexcept;
  [[nodiscard]] std::uint64_t take_kept(std::size_t block_bytes);
  [[nodiscard]] std::uint64_t cut_for(std::size_t size_bytes, std::size_t& block_bytes);
  [[nodiscard]] std::uint64_t cut(std::size_t block_bytes);
  void keep(std::uint64_t offset, std::size_t block_bytes);
  void join(std::uint64_t offset, std::size_t block_bytes);
  void join_all();
  void add_run(std::uint64_t offset, std::size_t size_bytes);
  void remove_run(std::map<std::uint64_t, std::size_t>::iterator run);

  std::size_t capacity_bytes_;
  std::size_t used_bytes_ = 0;
  std::size_t in_use_ = 0;
  /// Free, no two of them neighbours: by place, and by size.
  std::map<std::uint64_t, std::size_t> runs_;
  std::set<std::pair<std::size_t, std::uint64_t>> sizes_;
  /// Free, kept as they are for the next of their size: small ones by the size in units of
  /// `block_bytes_min`, the latest large ones together.
  std::size_t kept_ = 0;
  std::array<std::vector<std::uint64_t>, small_lists> small_;
  std::vector<piece> large_;
  /// In use and not as `usual_bytes` says: what they consist of, by their first offset.
  std::unordered_map<std::uint64_t, std::vector<piece>> unusual_;
};

} // namespace troupe::ipc
