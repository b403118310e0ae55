// Part of Troupe; see LICENSE.

#include "troupe/actors/line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>

namespace troupe::actors {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;
// Of a line that is skipped, this much is told.
constexpr std::size_t kept_beginning_bytes = 1024;

} // namespace

// Reads more behind what is there.
line_reader::reading line_reader::fill() {
  if (is_at_end_) return reading::end;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ > line_bytes_max || (dropped_ > 0 && end_ > read_bytes)) drop_beginning();
  if (buffer_.size() < end_ + read_bytes) buffer_.resize(end_ + read_bytes);
  const auto size = input_->read(std::span{buffer_}.subspan(end_, read_bytes));
  if (!size) return reading::interrupted;
  end_ += *size;
  is_at_end_ = *size == 0;
  return is_at_end_ ? reading::end : reading::more;
}

// The line under way is too long: only its beginning is kept, and its length.
void line_reader::drop_beginning() {
  if (rule_ == long_lines::fail) {
    throw std::runtime_error{"a line of " + input_->name() + " is longer than " +
                             std::to_string(line_bytes_max) + " bytes"};
  }
  dropped_ += end_ - kept_beginning_bytes;
  end_ = searched_ = kept_beginning_bytes;
  buffer_.resize(end_ + read_bytes);
  buffer_.shrink_to_fit();
}

// `size` bytes, and `ending` more that are no part of the line.
void line_reader::emit_line(std::size_t size, std::size_t ending, emitter& out) {
  const auto line = std::span{buffer_.data() + begin_, size};
  if (dropped_ == 0) {
    out.emit(line);
  } else {
    const auto beginning = line.first(std::min(size, kept_beginning_bytes));
    out.skip({reinterpret_cast<const char*>(beginning.data()), beginning.size()},
             "a line of " + std::to_string(dropped_ + size) + " bytes in " + input_->name() +
                 " is longer than any line may be (" + std::to_string(line_bytes_max) + ")");
  }
  offset_ += dropped_ + size + ending;
  begin_ += size + ending;
  searched_ = 0;
  dropped_ = 0;
}

bool line_reader::emit_some(emitter& out) {
  while (!out.is_full()) {
    const auto* const line = buffer_.data() + begin_;
    const auto left = end_ - begin_;
    const void* const found =
        left > searched_ ? std::memchr(line + searched_, '\n', left - searched_) : nullptr;
    if (found != nullptr) {
      emit_line(static_cast<std::size_t>(static_cast<const std::byte*>(found) - line), 1, out);
      continue;
    }
    searched_ = left;
    // What came through a pipe goes on before more is waited for.
    if (input_->may_wait() && out.size().count + out.skipped().size() > 0) return true;
    switch (fill()) {
    case reading::more:
      continue;
    case reading::interrupted:
      return true;
    case reading::end:
      if (!leaves_rest_) emit_rest(out);
      return false;
    }
  }
  return true;
}

} // namespace troupe::actors
