// Part of Troupe; see LICENSE.

#include "troupe/ipc/pieces.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::ipc {

void write_pieces(std::span<std::byte> region, std::span<const arena::piece> pieces,
                  std::span<const std::byte> payload) noexcept {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto part =
        payload.first(std::min(payload.size(), pieces[i].size_bytes - sizeof(piece_header)));
    const piece_header header{.next_offset = i + 1 < pieces.size() ? pieces[i + 1].offset : 0,
                              .size_bytes = part.size()};
    const auto to = region.subspan(pieces[i].offset, sizeof header + part.size());
    std::memcpy(to.data(), &header, sizeof header);
    std::memcpy(to.data() + sizeof header, part.data(), part.size());
    payload = payload.subspan(part.size());
  }
  TROUPE_ASSERT(payload.empty());
}

void read_pieces(std::span<const std::byte> region, std::uint64_t offset,
                 std::span<std::byte> out) noexcept {
  while (!out.empty()) {
    piece_header header{};
    std::memcpy(&header, region.data() + offset, sizeof header);
    std::memcpy(out.data(), region.data() + offset + sizeof header, header.size_bytes);
    out = out.subspan(header.size_bytes);
    offset = header.next_offset;
  }
}

} // namespace troupe::ipc
