// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/line_feeds.hpp"
#include "troupe/actors/line_reader.hpp"
#include "troupe/actors/on_error.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::actors {

/// Source: the lines of the run's own standard input, until its end.
///
/// No worker process has it: it is read by a thread of the host, so that no kill loses what was
/// read, and nothing is read twice. It reads on only when there is room behind it. A line longer
/// than `line_reader::line_bytes_max` is told and counted.
///
/// Lives in: host, on the thread of its lane. Threads: that one. Blocks: for who writes, until
/// pipeline::interruption rings. Crash (of the host): what was read is gone.
/// Errors: `on_error` says what becomes of a stdin that cannot be read.
class stdin_lines {
public:
  explicit stdin_lines(const worker_config& config);
  bool produce(emitter& out);
  [[nodiscard]] std::uint64_t save() const { return reader_.offset(); }
  void load(const std::uint64_t& offset);

private:
  on_error_rule rule_;
  line_reader reader_;
};

/// Sink: writes each message and a line feed to the run's own standard output, in the order in
/// which they come, and never truncates what is there.
///
/// It is written by a thread of the host, so that no kill doubles a line; a reader that is slow
/// holds the pipeline up, and one that has gone ends it.
///
/// Lives in: host, on the thread of its lane. Threads: that one. Blocks: for who reads, until
/// pipeline::interruption rings. Crash (of the host): as with every program that writes.
/// Errors: stage_failed when it cannot be written; message_refused as `line_feeds` says.
class stdout_lines {
public:
  explicit stdout_lines(const worker_config& config) : line_feeds_{config} {}
  void write(std::string_view line) { line_feeds_.append(line, buffer_); }
  /// Writes what was taken since the last save: only then the whole batch is known to be good.
  [[nodiscard]] std::uint64_t save();
  void load(const std::uint64_t& written) { written_ = written; }

private:
  line_feed_rule line_feeds_;
  std::string buffer_;
  std::uint64_t written_ = 0; // Bytes.
};

} // namespace troupe::actors
