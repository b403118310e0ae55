// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/byte_input.hpp"
#include "troupe/pipeline/emitter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// Cuts what an input gives into lines, and knows the offset behind the last one.
///
/// A last line without a line feed is a line, unless it was to be left open. A line feed is taken
/// off; every other byte stays as it is, carriage returns and zero bytes too.
///
/// Lives in: any process. Threads: one owner. Blocks: as the input does. Crash: nothing is changed.
/// Errors: those of the input; std::runtime_error for a line longer than `line_bytes_max`, unless
/// long lines are skipped.
class line_reader {
public:
  static constexpr std::size_t line_bytes_max = 64 * 1024 * 1024;
  /// What becomes of a line longer than that: a message fails because of it, a source tells it and
  /// goes on behind it, whatever its length, with no more memory.
  enum class long_lines { fail, skip };

  line_reader(std::unique_ptr<byte_input> input, std::uint64_t offset, long_lines rule)
      : input_{std::move(input)}, rule_{rule}, offset_{offset} {}

  /// Emits lines until `out` is full, or the input waits; false at the end of the input.
  bool emit_some(emitter& out);
  /// A last line without a line feed is given by `emit_rest` only, when it is known to be whole.
  void leave_last_line_open() noexcept { leaves_rest_ = true; }
  [[nodiscard]] bool has_rest() const noexcept { return end_ > begin_; }
  void emit_rest(emitter& out) {
    if (has_rest()) emit_line(end_ - begin_, 0, out);
  }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] const std::string& name() const noexcept { return input_->name(); }

private:
  enum class reading { more, end, interrupted };

  reading fill();
  void emit_line(std::size_t size, std::size_t ending, emitter& out);
  void drop_beginning();

  std::unique_ptr<byte_input> input_;
  long_lines rule_;
  std::uint64_t offset_; // Behind the last line that was emitted.
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;     // Where the next line begins in buffer_.
  std::size_t end_ = 0;       // Bytes in buffer_.
  std::size_t searched_ = 0;  // Bytes behind begin_ that hold no line feed.
  std::uint64_t dropped_ = 0; // Bytes of the next line that were too many to keep.
  bool is_at_end_ = false;
  bool leaves_rest_ = false;
};

} // namespace troupe::actors
