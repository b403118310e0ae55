// Part of Troupe; see LICENSE.

#include "troupe/actors/file_lines.hpp"

#include "troupe/actors/input_file.hpp"
#include "troupe/base/text.hpp"

#include <filesystem>
#include <memory>
#include <system_error>

namespace troupe::actors {

bool file_lines::expand(const std::string& path, std::string& cursor, emitter& out) {
  const auto offset = cursor.empty() ? 0 : std::stoull(cursor);
  if (!reader_ || cursor.empty() || reader_->name() != path || reader_->offset() != offset) {
    reader_.emplace(std::make_unique<input_file>(path, offset), offset,
                    line_reader::long_lines::fail);
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

void lines_from_file::load(const std::uint64_t& offset) {
  start_ = offset;
  std::error_code ignored; // What is not there is told when it is opened.
  const auto status = std::filesystem::status(path_, ignored);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return;
  throw stage_failed{text::printable(path_, 512) +
                     " is no regular file, so it cannot be read again, and what the worker that "
                     "died had read of it is gone; run again from the start"};
}

bool lines_from_file::produce(emitter& out) {
  try {
    if (!reader_) {
      reader_.emplace(std::make_unique<input_file>(path_, start_, readable::everything), start_,
                      line_reader::long_lines::skip);
    }
    return reader_->emit_some(out);
  } catch (const std::system_error& problem) {
    rule_.apply(path_, problem.what(), out);
    return false;
  }
}

} // namespace troupe::actors
