// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/actors/command_child.hpp"
#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Runs a filter such as grep or sed: each message is a line to its stdin, each line of its stdout
/// is a message. Nothing ties outputs to inputs, so messages pass at most once: what a killed
/// filter had read and not answered is gone.
///
/// A filter that ends with success (head) wants no more, which is told: the rest of the input is
/// dropped. One that fails is told and started again, and what it was given and cannot be known to
/// have done counts as lost, as does a line that it has not ended; when it fails three times
/// without any output, the pipeline fails.
///
/// Lives in: worker. Threads: one owner. Blocks: while the filter's pipe is full.
/// Crash: the filter dies with the worker.
/// The host counts what was lost with the worker.
/// Errors: stage_failed when the filter cannot be started, or fails again and again.
class exec_stream {
public:
  /// What the filter has read cannot be taken back: each batch is committed as it is.
  static constexpr bool commits_each_job = true;

  explicit exec_stream(const worker_config& config) : argv_{config.list("command")} { start(); }
  void add(std::string_view line, emitter& out);
  void emit(emitter& out);
  [[nodiscard]] std::string save() const { return {}; }
  void load(std::string_view) {}

private:
  enum class ending { early, at_end_of_input };

  void start();
  [[nodiscard]] bool give(std::string_view line, emitter& out);
  void take_lines(emitter& out);
  void read_rest(emitter& out);
  void finish_child(ending when, emitter& out);
  exit_status end_child();
  [[nodiscard]] std::uint64_t lost_messages(const exit_status& status) const;
  void tell(const std::string& text) const;

  std::vector<std::string> argv_;
  std::unique_ptr<command_child> child_; // None when the filter wants no more.
  std::optional<exit_status> end_;       // Of child_.
  std::uint64_t sent_ = 0;               // Messages that this filter was given,
  std::uint64_t received_ = 0;           // and those it gave.
  bool is_cut_off_ = false;              // The last of these had no end.
  std::uint64_t unwanted_ = 0;           // Messages that came when it wanted no more.
  std::uint32_t failures_ = 0;           // In a row, without output.
};

} // namespace troupe::actors
