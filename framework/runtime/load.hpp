// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/error.hpp"
#include "troupe/config/diagnostics.hpp"
#include "troupe/control/status.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A configuration was refused. `what()` has a line for each error, as the command prints them:
/// `shop.yaml:24:5: error[T003]: pools.api.numprocs: unknown key; ...`.
class config_error : public error {
public:
  explicit config_error(std::vector<config::diagnostic> findings);

  /// Errors and warnings, each with file, line and column, sorted by position.
  [[nodiscard]] const std::vector<config::diagnostic>& findings() const noexcept {
    return *findings_;
  }

private:
  std::shared_ptr<const std::vector<config::diagnostic>> findings_; // So that copies do not throw.
};

/// How a file is loaded.
struct load_settings {
  /// Values for `${NAME}`, as with `--set`: they win over the environment and over `vars`.
  std::map<std::string, std::string> set{};
};

/// How a loaded troupe is, or how it ended.
struct run_report {
  /// Every pool, worker and channel. Its `state` is loaded, running, stopping, finished, stopped
  /// or failed. A pool that is too busy to answer within two seconds is missing.
  control::troupe_view view;
  std::optional<failure> cause;    ///< Why it failed.
  bool was_too_slow = false;       ///< Its end took longer than `shutdown.timeout`: it was killed.
  std::uint64_t messages = 0;      ///< What came out at the end of the pipeline.
  std::uint64_t messages_lost = 0; ///< Given up or lost, and taken by no pool.
};

/// What one YAML file describes, run by this program. Made by `load`.
///
/// No signal handler is installed and nothing is written to stdout but what workers write there
/// (see `set_output_sink`, `set_log_sink`). There is a control socket for `troupe status` only when
/// the file asks for it: `control: { enabled: true }`, or a `control.socket`.
///
/// Lives in: host. Threads: any, but the destructor and a move are the owner's. Blocks: `wait`,
/// `wait_for`; `report`, up to two seconds; the destructor, until what it kills is gone.
/// Crash (of the host): every process is gone within 2 s.
/// Errors: thrown; how a run failed is told by `report`. In a forked copy of the host everything
/// throws forked_copy at once, and the destructor does nothing.
class loaded_troupe {
public:
  loaded_troupe(loaded_troupe&&) noexcept;
  loaded_troupe& operator=(loaded_troupe&&) noexcept;
  /// Kills at once what still runs. For an orderly end, `stop` and `wait` first.
  ~loaded_troupe();

  [[nodiscard]] const std::string& name() const noexcept;
  /// What the loader has found and is no error.
  [[nodiscard]] const std::vector<config::diagnostic>& warnings() const noexcept;

  /// Starts every pool, and returns before they are ready. Workers get the environment, working
  /// directory and umask that this program has now. Throws invalid_state when it was started or
  /// stopped before: each run is loaded anew. When it throws anything else, nothing runs.
  void start();

  /// Begins the end: sources give nothing more, what they gave is worked off, then everything is
  /// stopped. What takes longer than `shutdown.timeout` is killed. Does not wait. Before `start`:
  /// it will never start. May be called again.
  void stop();
  /// Ends everything now.
  void kill();

  /// Waits until nothing runs any more: a pipeline has worked off all there was, services were
  /// stopped or have ended, or something failed. Throws invalid_state when it was neither started
  /// nor stopped.
  void wait();
  /// The same until `limit`, or for `span`; false: it runs on. @{
  [[nodiscard]] bool wait(deadline limit);
  [[nodiscard]] bool wait_for(duration span) { return wait(deadline::after(span)); }
  /// @}

  [[nodiscard]] run_report report() const;

private:
  class impl;
  friend loaded_troupe load(const std::string& path, const load_settings& settings);
  explicit loaded_troupe(std::unique_ptr<impl> made) noexcept;

  std::unique_ptr<impl> impl_;
};

/// Reads and checks a file: everything that `troupe validate --environment` checks. Starts nothing.
/// Throws config_error with every mistake. The program's TROUPE_WORKERs and all builtins may be
/// named in it.
[[nodiscard]] loaded_troupe load(const std::string& path, const load_settings& settings = {});

} // namespace troupe
