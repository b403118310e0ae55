// Part of Troupe; see LICENSE.

#include "troupe/pipeline/packed.hpp"

#include "troupe/base/assert.hpp"

namespace troupe::pipeline {
namespace {

// Below this, moving the rest to the front is not worth it.
constexpr std::size_t tidy_bytes_min = 64 * 1024;

constexpr std::size_t raw_bytes(packed_size size) {
  return size.bytes + size.count * packed_prefix_bytes;
}

} // namespace

std::optional<packed_size> measure(bytes_view block) {
  packed_size size;
  while (!block.empty()) {
    const auto message = unpack(block);
    if (!message) return std::nullopt;
    ++size.count;
    size.bytes += message->size();
  }
  return size;
}

void packed_fifo::push(bytes_view message) {
  pack(buffer_, message);
  ++size_.count;
  size_.bytes += message.size();
}

void packed_fifo::push_block(bytes_view block, packed_size size) {
  TROUPE_ASSERT(block.size() == raw_bytes(size));
  buffer_.insert(buffer_.end(), block.begin(), block.end());
  size_.count += size.count;
  size_.bytes += size.bytes;
}

bytes_view packed_fifo::front() const {
  TROUPE_ASSERT(!is_empty());
  auto rest = bytes_view{buffer_}.subspan(head_);
  return *unpack(rest);
}

void packed_fifo::pop_front() {
  drop({1, front().size()});
}

packed_size packed_fifo::peek(packed_size limit) const {
  packed_size taken;
  auto rest = bytes_view{buffer_}.subspan(head_);
  while (taken.count < size_.count) {
    const auto message = *unpack(rest);
    const bool fits = taken.count < limit.count && taken.bytes + message.size() <= limit.bytes;
    if (taken.count > 0 && !fits) break;
    ++taken.count;
    taken.bytes += message.size();
  }
  return taken;
}

bytes_view packed_fifo::view(packed_size size) const {
  return bytes_view{buffer_}.subspan(head_, raw_bytes(size));
}

void packed_fifo::move_to(std::vector<std::byte>& block, packed_size size) {
  const auto taken = view(size);
  block.insert(block.end(), taken.begin(), taken.end());
  drop(size);
}

void packed_fifo::drop(packed_size size) {
  TROUPE_ASSERT(size.count <= size_.count && size.bytes <= size_.bytes);
  head_ += raw_bytes(size);
  size_.count -= size.count;
  size_.bytes -= size.bytes;
  tidy();
}

// Moves the rest to the front when at least half of the buffer is dead: each byte is moved at most
// once on average.
void packed_fifo::tidy() {
  if (size_.count == 0) {
    buffer_.clear();
    head_ = 0;
    if (buffer_.capacity() > 16 * tidy_bytes_min) buffer_.shrink_to_fit();
  } else if (head_ >= tidy_bytes_min && head_ * 2 >= buffer_.size()) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

} // namespace troupe::pipeline
