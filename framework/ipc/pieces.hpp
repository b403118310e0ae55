// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/arena.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace troupe::ipc {

/// In front of each piece of a payload that found no room in one.
struct piece_header {
  std::uint64_t next_offset; ///< Of the next piece; meaningless in the last.
  std::uint64_t size_bytes;  ///< Payload in this one.
};
static_assert(arena::block_bytes_min > sizeof(piece_header));

/// Writes `payload` into `pieces` of `region`, each with its header in front.
/// @pre made by `arena::allocate_pieces` for that many bytes and this header
void write_pieces(std::span<std::byte> region, std::span<const arena::piece> pieces,
                  std::span<const std::byte> payload) noexcept;

/// Puts together in `out` what `write_pieces` wrote, from the piece at `offset`.
void read_pieces(std::span<const std::byte> region, std::uint64_t offset,
                 std::span<std::byte> out) noexcept;

} // namespace troupe::ipc
