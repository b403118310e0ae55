// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/base/expected.hpp"
#include "troupe/pipeline/channel.hpp"
#include "troupe/pipeline/worker_role.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::pipeline {

/// In which order a stage with several workers gives its outputs on.
enum class stage_order {
  any,      ///< As they are finished.
  preserve, ///< In the order of their inputs.
};

/// How often a message that failed is tried again.
struct retry_limits {
  std::uint32_t max_attempts = 3; ///< Attempts in all, the first included.
  duration backoff_initial = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{10};
  double factor = 2;          ///< By which each pause is longer than the one before.
  double jitter = 0;          ///< 0 .. 1 of the pause.
  bool on_error = true;       ///< Whether a message that threw is tried again,
  bool on_timeout = true;     ///< one that exceeded `message_timeout`,
  bool on_worker_lost = true; ///< and one whose worker died.

  /// Pause before the attempt that follows `attempts` failed ones; `salt` picks it inside the
  /// jitter.
  [[nodiscard]] duration pause_after(std::uint32_t attempts, std::uint64_t salt) const noexcept;
};

/// How often an aggregation's table is saved. A checkpoint is due at whichever comes first, and is
/// put off while saving would take more than a tenth of the worker's time.
struct checkpoint_limits {
  std::uint32_t messages = 1000;
  duration period = std::chrono::milliseconds{100};
};

/// Which worker type runs in a stage.
struct worker_reference {
  std::string name;               ///< Of TROUPE_WORKER, or of a builtin.
  std::string module;             ///< Shared library that has it; empty: the program itself.
  std::string config_json = "{}"; ///< Handed to the worker's constructor.
  /// A JSON object: where each key of it stands, FILE:LINE:COLUMN; "" is the config itself. It goes
  /// into the message about a value that is wrong. May be empty.
  std::string config_places_json;
};

/// One pool as the pipeline sees it.
struct stage_spec {
  std::string name;
  worker_reference worker;
  std::optional<worker_role> role; ///< When known beforehand; the worker's own word is checked.
  std::uint32_t replicas = 1;
  std::vector<std::string> inputs;  ///< Names of channels; none for a source.
  std::vector<std::string> outputs; ///< Each output goes to all of them.
  std::string dead_letter;          ///< Name of a channel; empty: drop, count and log.
  stage_order order = stage_order::any;
  /// Messages handed to one worker and not yet answered; 0 lets the engine choose (up to 512).
  std::uint32_t max_in_flight = 0;
  /// What a worker was given cannot be given to another: it holds a filter. Deaths lose messages,
  /// which is counted.
  bool is_at_most_once = false;
  /// Before a worker of this transform ends, it is told to finish, and may say what was wrong.
  bool has_last_word = false;
  std::optional<duration> message_timeout; ///< A message that takes longer kills its worker.
  retry_limits retry;
  checkpoint_limits checkpoint;
};

/// A whole pipeline, as the YAML file gives it.
struct graph_spec {
  std::vector<channel_spec> channels;
  std::vector<stage_spec> stages;
};

/// A checked pipeline: names are resolved to indexes, and data flows one way.
///
/// Lives in: host. Threads: a value. Blocks: never. Crash: nothing outside the host.
/// Errors: `make` tells what is wrong with a spec.
class graph {
public:
  struct node {
    std::vector<std::size_t> inputs; ///< Indexes of channels.
    std::vector<std::size_t> outputs;
    std::optional<std::size_t> dead_letter;
  };

  static expected<graph> make(graph_spec spec);

  [[nodiscard]] const graph_spec& spec() const noexcept { return spec_; }
  [[nodiscard]] const std::vector<node>& nodes() const noexcept { return nodes_; }
  /// Stage indexes, consumers after their producers.
  [[nodiscard]] const std::vector<std::size_t>& dataflow() const noexcept { return dataflow_; }
  /// Stages that put messages, or dead letters, into the channel.
  [[nodiscard]] std::size_t producers_of(std::size_t channel) const;
  [[nodiscard]] std::size_t consumers_of(std::size_t channel) const;

private:
  expected<void> resolve_names();
  expected<void> check_stages() const;
  expected<void> check_channels() const;
  expected<void> sort_by_dataflow();

  graph_spec spec_;
  std::vector<node> nodes_;
  std::vector<std::size_t> dataflow_;
};

} // namespace troupe::pipeline
