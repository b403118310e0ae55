// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/input_file.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {

/// Reads lines from a file, and knows the offset behind the last one.
///
/// A last line without a line feed is a line. A line feed is taken off, a carriage return is not.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk. Crash: nothing is changed.
/// Errors: std::system_error; std::runtime_error for a line longer than `line_bytes_max`.
class line_reader {
public:
  static constexpr std::size_t line_bytes_max = 64 * 1024 * 1024;

  line_reader(std::string path, std::uint64_t offset)
      : file_{std::move(path), offset}, offset_{offset} {}

  /// Emits lines until `out` is full; false at the end of the file.
  bool emit_some(emitter& out);
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] const std::string& path() const noexcept { return file_.path(); }

private:
  bool fill();

  input_file file_;
  std::uint64_t offset_; // Behind the last line that was emitted.
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0; // Where the next line begins in buffer_.
  std::size_t end_ = 0;   // Bytes in buffer_.
  bool is_at_end_ = false;
};

/// Transform: the message is a path, its outputs are the lines of that file, in order.
///
/// A file with many lines is committed in pieces: the cursor is the offset. The file should not
/// change meanwhile.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk. Crash: nothing is changed.
/// Errors: a file that cannot be read fails its message.
class file_lines {
public:
  bool expand(const std::string& path, std::string& cursor, emitter& out);

private:
  std::optional<line_reader> reader_; // Kept between the pieces of one file.
};

/// Source: the lines of the file `path`; its cursor is the offset. From a pipe, such as
/// /dev/stdin, the lines that a killed worker had read are gone.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk, or for the other end of a pipe.
/// Crash: nothing is changed. Errors: stage_failed when the file cannot be read.
class lines_from_file {
public:
  explicit lines_from_file(const worker_config& config) : path_{config.text("path")} {}
  bool produce(emitter& out);
  [[nodiscard]] std::uint64_t save() const { return reader_ ? reader_->offset() : start_; }
  void load(const std::uint64_t& offset) { start_ = offset; }

private:
  std::string path_;
  std::uint64_t start_ = 0;
  std::optional<line_reader> reader_;
};

} // namespace troupe::actors
