// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/ipc/fingerprint.hpp"
#include "troupe/ipc/wire.hpp"
#include "troupe/pipeline/detail/message_codec.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a source could not read, and why.
struct skipped_item {
  std::string what;
  std::string why;
};

/// Where a worker puts its messages. They leave the worker together with the commit of the input
/// that they come from, or not at all.
///
/// Lives in: worker. Threads: the worker's main thread. Blocks: never.
/// Crash: what was emitted and not committed is as if it had never been.
/// Errors: std::bad_alloc; serialization_error for a value that has no bytes.
class emitter {
public:
  /// Emits text or raw bytes as one message. @{
  void emit(std::string_view message) { emit(pipeline::detail::as_bytes(message)); }
  void emit(std::span<const std::byte> message) {
    pipeline::pack(block_, message);
    note(message.size());
  }
  /// @}

  /// Emits any value: text and bytes as they are, other types in the wire format.
  template<class T>
  void operator()(const T& value) {
    if constexpr (pipeline::detail::is_text_like<T>) {
      emit(pipeline::detail::raw_bytes(value));
    } else {
      note(pipeline::detail::pack_value(block_, value));
    }
  }

  /// For sources: `what` (a path, say) should have been a message, but could not be read. It is
  /// told with `why` and counted as a message given up, once, together with the commit.
  void skip(std::string_view what, std::string_view why) {
    skipped_.push_back({std::string{what}, std::string{why}});
  }

  /// Whether a source, or a worker that spreads one message into many, has given enough for now
  /// and should return; more is accepted, but costs memory.
  [[nodiscard]] bool is_full() const noexcept {
    return size_.count + skipped_.size() >= room_.count || size_.bytes >= room_.bytes;
  }

  /// For the worker loop. @{
  [[nodiscard]] pipeline::packed_size size() const noexcept { return size_; }
  [[nodiscard]] std::span<const std::byte> block() const noexcept { return block_; }
  void set_room(pipeline::packed_size room) noexcept { room_ = room; }
  [[nodiscard]] const std::vector<skipped_item>& skipped() const noexcept { return skipped_; }
  /// Something that goes on has gone wrong; the host counts it, whatever becomes of the messages.
  void note(const pipeline::trouble_counts& troubles) noexcept { troubles_ += troubles; }
  [[nodiscard]] pipeline::trouble_counts take_troubles() noexcept {
    return std::exchange(troubles_, {});
  }
  void clear() noexcept {
    block_.clear();
    size_ = {};
    skipped_.clear();
  }
  /// Takes back what was emitted after `size` had been returned.
  void rewind(pipeline::packed_size size) {
    block_.resize(size.bytes + size.count * pipeline::packed_prefix_bytes);
    size_ = size;
  }
  /// @}

private:
  void note(std::size_t bytes) noexcept {
    ++size_.count;
    size_.bytes += bytes;
  }

  std::vector<std::byte> block_;
  std::vector<skipped_item> skipped_;
  pipeline::packed_size size_;
  pipeline::packed_size room_{4096, 256 * 1024};
  pipeline::trouble_counts troubles_;
};

/// An emitter for messages of one type: the compiler, and the check of the pipeline's types, see
/// what the worker gives.
///
/// Lives in: worker. Threads: the worker's main thread. Blocks: never. Crash: as `emitter`.
/// Errors: as `emitter`.
template<class T>
class emits {
public:
  using message = T;
  explicit emits(emitter& to) noexcept : to_{&to} {}
  void operator()(const T& value) { (*to_)(value); }
  [[nodiscard]] bool is_full() const noexcept { return to_->is_full(); }

private:
  emitter* to_;
};

} // namespace troupe
