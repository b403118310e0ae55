// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/engine.hpp"
#include "troupe/pool/lane_set.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// What the owner of a running pipeline hears. Dispatcher thread; must not block.
struct pipeline_events {
  std::function<void()> on_finished;  ///< All is committed.
  std::function<void()> on_abandoned; ///< It was to stop, did not get on, and waits no longer.
  std::function<void(const failure&)> on_failed; ///< It cannot go on.
  std::function<void()> on_stopped;              ///< Every worker is gone.
  std::function<void(std::string_view)> log;
};

/// One stage as it stands.
struct stage_report {
  std::string name;
  std::string role; ///< source, transform, aggregate, sink; "" when not known yet.
  std::uint32_t replicas = 0;
  pipeline::stage_counters counters;
  std::uint64_t worker_exits = 0;
  std::vector<int> pids; ///< By slot; 0: no process.
  bool is_finished = false;
};

/// One channel as it stands.
struct channel_report {
  std::string name;
  std::size_t capacity = 0;
  pipeline::when_full policy = pipeline::when_full::block;
  pipeline::channel_counters counters;
};

/// A pipeline with its workers: the engine, and a group of lanes for each stage.
///
/// Lives in: host. Threads: any; the engine runs on the dispatcher's. Blocks: `report` and
/// `disconnect`, for the dispatcher. Crash (of a worker): see pipeline::engine.
/// Errors: told through `pipeline_events`.
class pipeline_host final : public dispatched,
                            public pipeline::pipeline_observer,
                            public std::enable_shared_from_this<pipeline_host> {
public:
  /// `settings[i]` are those of stage i of `plan`.
  pipeline_host(const pipeline::graph& plan, std::vector<pool_settings> settings,
                pool_environment& environment, pipeline_events events);
  ~pipeline_host() override;

  void start();
  /// Ends the sources; what they gave is worked off, then `on_finished`. When no stage has got on
  /// for as long as the pools that hold messages allow (`stop.drain`; a source `source_drain_min`
  /// at least), what is left is counted as lost, and `on_abandoned` follows.
  void stop_producing();
  /// A source that waits for its input is killed after a grace of its own; that comes first.
  static constexpr duration source_drain_min =
      pipeline::stage::source_grace + std::chrono::milliseconds{500};
  /// Ends the workers; `on_stopped` follows.
  void stop_workers(stop_mode mode);
  /// From now on, kills a random worker every `period`. A stage whose every worker was killed some
  /// times without a commit in between is left alone until it commits: a worker that needs longer
  /// to begin than it is left alive would else never get on.
  void set_chaos(duration period, std::uint64_t seed);
  /// Looks at every stage, on the dispatcher thread; empty when it does not answer in time.
  std::vector<stage_report> report();
  /// The same for the channels.
  std::vector<channel_report> channels();
  void query(std::size_t stage, std::function<void(std::vector<slot_status>)> receiver);
  [[nodiscard]] std::uint64_t kills() const noexcept { return kills_.load(); }
  /// Nothing is called any more once this has returned.
  void disconnect();

  // dispatched
  time_point serve(time_point now) override;
  time_point tick(time_point now) override;

  // pipeline_observer
  void on_dead_letter(std::string_view stage, std::string_view line, bool is_kept) override;
  void on_notice(std::string_view stage, std::string_view text) override;
  void on_finished() override;
  void on_failed(const failure& cause) override;

private:
  class keeper;

  std::shared_ptr<lane_group> make_lanes(std::size_t stage, std::uint64_t job_code);
  time_point turn(time_point now);
  void make_chaos(time_point now);
  bool is_spared(std::size_t stage);
  time_point check_drain(time_point now);
  [[nodiscard]] duration drain_of(std::size_t stage);
  [[nodiscard]] std::uint64_t progress_made() const;
  std::vector<stage_report> look();
  std::vector<channel_report> look_at_channels();
  template<class T>
  std::vector<T> ask(std::vector<T> (pipeline_host::*question)());
  void on_lane_stopped();

  // Not owned: a call of one of its threads that is under way may let go of this as the last one,
  // and an environment cannot end on a thread of its own. It ends after those calls.
  pool_environment& environment_;
  const pipeline_events events_;
  pipeline::engine engine_;
  std::vector<std::unique_ptr<keeper>> keepers_;
  std::vector<std::shared_ptr<lane_group>> lanes_;
  const std::vector<pool_settings> settings_;
  std::set<std::string, std::less<>> keeps_dead_letters_; // Stages whose dead letters a pool reads.
  std::size_t lanes_running_ = 0;
  bool is_told_ = false; // The end was told.
  bool is_disconnected_ = false;
  std::optional<time_point> draining_since_; // Or since when it has not got on while it is to stop.
  std::uint64_t progress_seen_ = 0;          // At that time.
  duration chaos_period_{};
  time_point next_kill_{};
  std::mt19937_64 random_;
  struct kill_record {
    std::uint64_t commits = 0; // Of the stage when it was last hit.
    std::uint32_t in_vain = 0; // Kills since its last commit.
  };
  std::vector<kill_record> kill_records_;
  std::atomic<std::uint64_t> kills_{0};
};

} // namespace troupe
