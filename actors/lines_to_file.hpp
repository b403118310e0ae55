// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/input_file.hpp"
#include "troupe/actors/line_feeds.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::actors {

/// Sink: writes each message and a line feed to the file `path`. The file begins empty, unless
/// `append: true`.
///
/// Its state is the length of the file: a successor cuts off what was written after the last
/// commit, so each line is there once, whenever the worker is killed. What is not a regular file
/// (a terminal, a pipe) cannot be cut: after a kill, lines may be there twice. Standard output is
/// written by the host (`stdout`), which doubles nothing.
///
/// A message with a line feed is no line: `line_feeds` says what becomes of it.
///
/// Lives in: worker. Threads: one owner. Blocks: for the disk.
/// Crash: see above. The data outlives the process, not a power failure: it is not synced.
/// Errors: stage_failed when it cannot be opened or written: the message is not to blame.
class lines_to_file {
public:
  explicit lines_to_file(const worker_config& config);
  void write(std::string_view line);
  [[nodiscard]] std::uint64_t save();
  void load(const std::uint64_t& length);

private:
  void open();
  void flush();
  [[noreturn]] void fail(const std::string& doing, int problem) const;

  std::string path_;
  line_feed_rule line_feeds_;
  bool is_regular_ = true;
  std::uint64_t length_ = 0; // Of the file, with all of buffer_ in it.
  std::string buffer_;
  file_handle file_;
};

} // namespace troupe::actors
