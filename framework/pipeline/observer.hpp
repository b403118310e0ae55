// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::pipeline {

/// What one stage has done so far.
struct stage_counters {
  std::uint64_t in = 0;   ///< Messages taken from its channels.
  std::uint64_t done = 0; ///< Messages committed; dead letters are not among them.
  std::uint64_t out = 0;  ///< Messages given on, once each however many outputs there are.
  std::uint64_t commits = 0;
  std::uint64_t retries = 0;  ///< Messages that were given to a worker once more.
  std::uint64_t errors = 0;   ///< Attempts that ended with an exception.
  std::uint64_t timeouts = 0; ///< Workers killed because a message took too long.
  std::uint64_t workers_lost = 0;
  std::uint64_t command_restarts = 0; ///< Of commands that ended, or were ended, in a live worker.
  std::uint64_t protocol_errors = 0;  ///< Workers killed for nonsense; lines that answer nothing.
  std::uint64_t surplus = 0;          ///< Lines that put in doubt what replies belong to.
  std::uint64_t lost = 0;             ///< Messages that are gone, or may be, with a dead command.
  std::uint64_t dead_letters = 0;     ///< Messages given up, whether kept or dropped.
  std::uint64_t dropped = 0;          ///< Dead letters for which there was no channel or no room.
  std::uint64_t late = 0;             ///< Answers that came after their worker had been given up.
  std::uint64_t in_flight = 0;        ///< Messages at workers now.
};

/// Hears what happens in a pipeline. The calls may not call the engine.
///
/// Lives in: host. Threads: the one that pumps the engine. Blocks: an implementation must not.
/// Crash: nothing outside the host. Errors: an implementation must not throw.
class pipeline_observer {
public:
  pipeline_observer() = default;
  pipeline_observer(const pipeline_observer&) = delete;
  pipeline_observer& operator=(const pipeline_observer&) = delete;
  virtual ~pipeline_observer() = default;

  /// The stage is done with all its input; its workers are not needed any more.
  virtual void on_stage_finished(std::string_view stage);
  /// A message was given up; `is_kept` says whether it lies in the dead letter channel. `line` is
  /// for a log: see `dead_letter_line`.
  virtual void on_dead_letter(std::string_view stage, std::string_view line, bool is_kept);
  /// Something worth a line in the log.
  virtual void on_notice(std::string_view stage, std::string_view text);
  /// Every stage is finished. Called once, and `on_failed` is not called then.
  virtual void on_finished();
  /// The pipeline cannot go on. Called once.
  virtual void on_failed(const failure& cause);
};

} // namespace troupe::pipeline
