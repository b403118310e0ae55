// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/pipeline/commit.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace troupe::pipeline {

/// What a channel does with a message for which it has no room.
enum class when_full {
  block,       ///< The producer keeps it and is asked for no more until there is room.
  drop_newest, ///< The message is dropped and counted.
  drop_oldest, ///< The oldest messages are dropped and counted until it fits.
  reject,      ///< A message gets an error from its producer; a source waits, as with block.
};

std::string_view to_string(when_full policy) noexcept;

/// The bounds of a channel, as the YAML file gives them.
struct channel_spec {
  std::string name;
  std::string type = "bytes"; ///< `bytes`, `string`, `json`, or the name of a C++ type.
  std::size_t capacity = 1024;
  std::size_t max_bytes = 64 * 1024 * 1024;
  std::size_t max_message_bytes = 1024 * 1024;
  when_full policy = when_full::block;
  bool is_external = false; ///< The host program produces into it or consumes from it.
};

/// What a channel has seen.
struct channel_counters {
  std::uint64_t pushed = 0; ///< Messages that were accepted, also those dropped later.
  std::uint64_t popped = 0;
  std::uint64_t dropped = 0;  ///< By drop_newest or drop_oldest.
  std::uint64_t rejected = 0; ///< Times that a message was refused, by reject.
  std::size_t depth = 0;
  std::size_t bytes = 0;
  std::size_t depth_max = 0; ///< The deepest it has been.
  std::size_t bytes_max = 0;
};

enum class push_result { accepted, dropped, full, rejected };

/// The bounded, one-way path between the stages of a pipeline; it belongs to the host, so it
/// outlives every worker.
///
/// A message larger than `max_bytes` is let in when the channel is empty, or it could never pass.
///
/// Lives in: host. Threads: one owner, the thread that pumps the engine. Blocks: never.
/// Crash: nothing outside the host. Errors: `push_result` says what became of a message.
class channel {
public:
  explicit channel(channel_spec spec);

  [[nodiscard]] const channel_spec& spec() const noexcept { return spec_; }
  [[nodiscard]] channel_counters counters() const noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return fifo_.is_empty(); }
  [[nodiscard]] packed_size size() const noexcept { return fifo_.size(); }

  /// Messages for which there is room; a channel that drops always has room.
  [[nodiscard]] std::size_t room() const noexcept;
  [[nodiscard]] bool accepts(packed_size more) const noexcept;

  push_result push(bytes_view message);
  /// Pushes a packed block as a whole; false, and nothing happens, when it does not fit.
  bool push_block(bytes_view block, packed_size size);
  /// Pushes from the front of `from` what fits; what a channel has no room for stays, unless it
  /// drops. These messages were accepted before, so they are not refused any more.
  /// Returns what was taken from `from`.
  packed_size pull_from(packed_fifo& from);
  /// A stage did not accept a message because this channel has no room for what it gave.
  void note_rejected() noexcept { ++counters_.rejected; }
  [[nodiscard]] bool drops() const noexcept {
    return spec_.policy == when_full::drop_newest || spec_.policy == when_full::drop_oldest;
  }

  /// See `packed_fifo`.
  [[nodiscard]] packed_size peek(packed_size limit) const { return fifo_.peek(limit); }
  void pop_to(std::vector<std::byte>& block, packed_size size);
  [[nodiscard]] bytes_view front() const { return fifo_.front(); }
  void pop_front();

  /// A worker at one end said which type it gives or takes: all ends must mean the same. `stage`
  /// is for the message.
  expected<void> agree(const message_type& type, std::string_view stage);

  /// A producer has come or has ended; the channel ends when the last one has.
  void add_producer() noexcept { ++producers_; }
  void remove_producer() noexcept;
  /// No message will come any more, though some may be left inside.
  [[nodiscard]] bool is_closed() const noexcept { return producers_ == 0; }
  [[nodiscard]] bool has_ended() const noexcept { return is_closed() && is_empty(); }

private:
  void note_depth() noexcept;

  channel_spec spec_;
  packed_fifo fifo_;
  channel_counters counters_;
  std::size_t producers_ = 0;
  message_type type_; // Of the first end that has one of its own.
  std::string type_said_by_;
};

} // namespace troupe::pipeline
