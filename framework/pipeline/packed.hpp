// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace troupe::pipeline {

using bytes_view = std::span<const std::byte>;

/// How many messages a packed block holds and how many bytes they have without their length words.
struct packed_size {
  std::size_t count = 0;
  std::size_t bytes = 0;
  friend bool operator==(packed_size, packed_size) = default;
};

/// Each message in a packed block is its length in four bytes, then its bytes: a batch is one block
/// of memory that is copied with one call, never message by message.
inline constexpr std::size_t packed_prefix_bytes = sizeof(std::uint32_t);

/// Appends one message to a packed block.
inline void pack(std::vector<std::byte>& block, bytes_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  const auto at = block.size();
  block.resize(at + packed_prefix_bytes + message.size());
  std::memcpy(block.data() + at, &size, packed_prefix_bytes);
  if (!message.empty()) {
    std::memcpy(block.data() + at + packed_prefix_bytes, message.data(), message.size());
  }
}

/// Takes the first message off a packed block; nothing when the block is empty or broken.
inline std::optional<bytes_view> unpack(bytes_view& block) {
  if (block.size() < packed_prefix_bytes) return std::nullopt;
  std::uint32_t size = 0;
  std::memcpy(&size, block.data(), packed_prefix_bytes);
  if (size > block.size() - packed_prefix_bytes) return std::nullopt;
  const auto message = block.subspan(packed_prefix_bytes, size);
  block = block.subspan(packed_prefix_bytes + size);
  return message;
}

/// Walks a packed block to its end; nothing when it is broken.
std::optional<packed_size> measure(bytes_view block);

/// Messages in the order they came, in one growing buffer: no allocation per message.
///
/// Lives in: host. Threads: one owner. Blocks: never.
/// Crash: nothing outside the host. Errors: none; callers check blocks from outside by `measure`.
class packed_fifo {
public:
  [[nodiscard]] bool is_empty() const noexcept { return size_.count == 0; }
  [[nodiscard]] packed_size size() const noexcept { return size_; }

  void push(bytes_view message);
  /// @pre `measure(block) == size`
  void push_block(bytes_view block, packed_size size);

  /// The oldest message. @pre `!is_empty()`
  [[nodiscard]] bytes_view front() const;
  void pop_front();

  /// Returns how much `move_to` with these limits would move: at least one message, unless empty.
  [[nodiscard]] packed_size peek(packed_size limit) const;
  /// Appends the oldest messages to `block` and forgets them; `size` is what `peek` returned.
  void move_to(std::vector<std::byte>& block, packed_size size);
  /// The oldest `size` messages as a packed block, valid until the next change.
  [[nodiscard]] bytes_view view(packed_size size) const;
  void drop(packed_size size);

private:
  void tidy();

  std::vector<std::byte> buffer_;
  std::size_t head_ = 0; // Where the oldest message begins.
  packed_size size_;
};

} // namespace troupe::pipeline
