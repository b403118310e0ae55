// Part of Troupe; see LICENSE.

#include "troupe/actors/file_lines.hpp"

#include <cstring>
#include <stdexcept>
#include <system_error>

namespace troupe::actors {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;

} // namespace

// Reads more behind what is there; false at the end of the file.
bool line_reader::fill() {
  if (is_at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ > line_bytes_max) {
    throw std::runtime_error{"a line of " + file_.path() + " is longer than " +
                             std::to_string(line_bytes_max) + " bytes"};
  }
  if (buffer_.size() < end_ + read_bytes) buffer_.resize(end_ + read_bytes);
  const auto size = file_.read(std::span{buffer_}.subspan(end_));
  end_ += size;
  is_at_end_ = size == 0;
  return !is_at_end_;
}

bool line_reader::emit_some(emitter& out) {
  std::size_t searched = 0; // Bytes of the current line that hold no line feed.
  while (!out.is_full()) {
    const auto* const line = buffer_.data() + begin_;
    const auto left = end_ - begin_;
    const void* const found =
        left > searched ? std::memchr(line + searched, '\n', left - searched) : nullptr;
    if (found == nullptr) {
      searched = left;
      // What came through a pipe goes on before more is waited for.
      if (file_.may_wait() && out.size().count > 0) return true;
      if (fill()) continue;
      if (left > 0) out.emit(std::span{buffer_.data() + begin_, left});
      offset_ += left;
      begin_ = end_;
      return false;
    }
    const auto length = static_cast<std::size_t>(static_cast<const std::byte*>(found) - line);
    out.emit(std::span{line, length});
    begin_ += length + 1;
    offset_ += length + 1;
    searched = 0;
  }
  return true;
}

bool file_lines::expand(const std::string& path, std::string& cursor, emitter& out) {
  const auto offset = cursor.empty() ? 0 : std::stoull(cursor);
  if (!reader_ || cursor.empty() || reader_->path() != path || reader_->offset() != offset) {
    reader_.emplace(path, offset);
  }
  try {
    if (reader_->emit_some(out)) {
      cursor = std::to_string(reader_->offset());
      return true;
    }
  } catch (...) {
    reader_.reset(); // It is ahead of what is committed.
    throw;
  }
  reader_.reset();
  return false;
}

bool lines_from_file::produce(emitter& out) {
  try {
    if (!reader_) reader_.emplace(path_, start_);
    return reader_->emit_some(out);
  } catch (const std::system_error& problem) {
    throw stage_failed{problem.what()};
  }
}

} // namespace troupe::actors
