// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/channel.hpp"
#include "troupe/pipeline/graph.hpp"
#include "troupe/pipeline/observer.hpp"
#include "troupe/pipeline/stage.hpp"
#include "troupe/pool/lane_port.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// Where a pipeline stands.
enum class engine_state { running, finished, failed, abandoned };

/// A running pipeline: the channels, and a stage for each pool.
///
/// The owner connects each stage to its slots, hands it their events, and calls `pump` after each
/// round of events and when `next_due` has come.
///
/// Lives in: host. Threads: one owner, the dispatcher. Blocks: never.
/// Crash: workers may die at any instant; the committed output stays the same.
/// Errors: the state becomes `failed`, and the observer hears why.
class engine {
public:
  engine(const graph& plan, pipeline_observer& observer);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  [[nodiscard]] std::size_t stage_count() const noexcept { return stages_.size(); }
  [[nodiscard]] std::size_t channel_count() const noexcept { return channels_.size(); }
  [[nodiscard]] std::optional<std::size_t> find_stage(std::string_view name) const;
  [[nodiscard]] std::optional<std::size_t> find_channel(std::string_view name) const;
  /// The stage hears of its slots as `lane_events`.
  [[nodiscard]] stage& stage_at(std::size_t index) { return stages_.at(index); }
  [[nodiscard]] const channel& channel_at(std::size_t index) const { return channels_.at(index); }
  void connect(std::size_t stage, lane_port& port) { stages_.at(stage).connect(port); }

  /// Moves everything that can move at `now`; `now` never goes back.
  void pump(time_point now);
  /// When `pump` has to be called even if nothing happens; `time_point::max()` for never.
  [[nodiscard]] time_point next_due() const;

  /// Ends the sources; what they gave is worked off, then the pipeline is finished.
  void stop_producing();
  /// Ends the pipeline now, with this reason: a pool gave up.
  void fail(failure cause);
  /// Ends the pipeline now: nobody waits for what is left, which is counted as lost.
  void abandon();

  /// For channels with `external: true`. Call `pump` afterwards. @{
  push_result push(std::size_t channel, bytes_view message);
  void close(std::size_t channel);
  /// Takes up to `limit` messages out, as a packed block; empty when there are none.
  std::vector<std::byte> pop(std::size_t channel, packed_size limit);
  /// @}

  [[nodiscard]] engine_state state() const noexcept { return state_; }
  [[nodiscard]] const std::optional<failure>& cause() const noexcept { return cause_; }
  [[nodiscard]] stage_counters counters(std::size_t stage) const {
    return stages_.at(stage).counters();
  }

private:
  void notice_end();

  std::vector<std::size_t> order_; // Stages, consumers first.
  std::deque<channel> channels_;   // A deque keeps references valid.
  std::deque<stage> stages_;
  std::vector<bool> is_open_outside_; // The host program may still push.
  pipeline_observer* observer_;
  engine_state state_ = engine_state::running;
  std::optional<failure> cause_;
};

} // namespace troupe::pipeline
