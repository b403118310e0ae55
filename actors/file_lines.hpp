// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/line_reader.hpp"
#include "troupe/actors/on_error.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::actors {

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

/// Source: the lines of the file `path`; its cursor is the offset. What it cannot read, and lines
/// longer than `line_reader::line_bytes_max`, are told and counted; `on_error` says whether the
/// pipeline fails for want of the file.
///
/// From a pipe nothing can be read again: a worker that goes on with one fails the stage, because
/// what its predecessor had read is gone. Standard input is read by the host (`stdin`), which loses
/// nothing.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk, or for the other end of a pipe.
/// Crash: nothing is changed. Errors: stage_failed when the file cannot be read.
class lines_from_file {
public:
  explicit lines_from_file(const worker_config& config)
      : path_{config.text("path")}, rule_{config} {}
  bool produce(emitter& out);
  [[nodiscard]] std::uint64_t save() const { return reader_ ? reader_->offset() : start_; }
  void load(const std::uint64_t& offset);

private:
  std::string path_;
  on_error_rule rule_;
  std::uint64_t start_ = 0;
  std::optional<line_reader> reader_;
};

} // namespace troupe::actors
