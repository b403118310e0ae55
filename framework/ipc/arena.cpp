// Part of Troupe; see LICENSE.

#include "troupe/ipc/arena.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <bit>

namespace troupe::ipc {

namespace {

// A block freed just now lies in the caches of the core that read it; one freed a little earlier is
// cheaper to write, and one freed long ago has left all caches.
constexpr std::size_t rest_blocks = 3;

} // namespace

std::size_t arena::class_of(std::size_t size_bytes) noexcept {
  return static_cast<std::size_t>(std::bit_width(std::max(size_bytes, block_bytes_min) - 1));
}

std::optional<std::uint64_t> arena::allocate(std::size_t size_bytes) {
  if (size_bytes > capacity_bytes_) return std::nullopt;
  const auto wanted = class_of(size_bytes);
  auto& free = free_[wanted];
  if (!free.empty()) {
    const auto at = free.end() - static_cast<std::ptrdiff_t>(std::min(free.size(), rest_blocks));
    const auto offset = *at;
    free.erase(at);
    ++in_use_;
    return offset;
  }
  // The largest block may be the whole arena, whose size need not be a power of two.
  const auto block = std::min(std::size_t{1} << wanted, capacity_bytes_);
  if (capacity_bytes_ - next_ < block) {
    if (in_use_ > 0) return std::nullopt;
    // Nothing is in use: what was cut into small blocks can serve a large one.
    for (auto& list : free_) list.clear();
    next_ = 0;
  }
  const auto offset = next_;
  next_ += block;
  ++in_use_;
  return offset;
}

void arena::release(std::uint64_t offset, std::size_t size_bytes) {
  TROUPE_ASSERT(in_use_ > 0);
  free_[class_of(size_bytes)].push_back(offset);
  --in_use_;
}

} // namespace troupe::ipc
