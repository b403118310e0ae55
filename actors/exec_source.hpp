// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/command_child.hpp"
#include "troupe/actors/line_reader.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"
#include "troupe/process/exit_status.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {

/// Where a source that is a command stands: what is committed with its lines.
struct command_place {
  bool is_begun = false;
  std::uint64_t lines = 0;
};

/// Source: each line that a command writes to stdout is a message.
///
/// A command has no position from which it could go on, so it is started once and never again, and
/// its lines pass at most once: what was not committed when the worker died is lost. The successor
/// tells and counts that, and the source has ended.
///
/// A command that ends otherwise than `success_exit` says fails the pipeline, or is told and
/// counted as lost (`on_error: skip`); a line that it had not ended then is no message.
///
/// Lives in: worker. Threads: one owner. Blocks: for a while, when the command writes nothing.
/// Crash: the command dies with the worker.
/// Errors: stage_failed when the command cannot be started, or fails and `on_error` is stop.
class exec_source {
public:
  explicit exec_source(const worker_config& config);
  bool produce(emitter& out);
  [[nodiscard]] command_place save() const { return place_; }
  void load(const command_place& place);

private:
  void start();
  void finish(emitter& out);
  void give_up(const std::string& why, emitter& out) const;
  [[nodiscard]] bool is_success(exit_status status) const;

  std::vector<std::string> argv_;
  std::vector<exit_status> success_exits_;
  bool is_skipping_;
  bool is_orphaned_ = false; // The command died with a predecessor.
  command_place place_;
  std::unique_ptr<command_child> child_;
  std::optional<line_reader> reader_;
};

} // namespace troupe::actors
