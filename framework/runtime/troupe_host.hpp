// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/config/spec.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/runtime/pipeline_host.hpp"
#include "troupe/runtime/service_pool.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// How a configuration is run.
struct run_options {
  /// Kills a random worker of the pipeline this often; 0: never. Lifts the restart budgets and
  /// pauses, which are for deaths that nobody ordered.
  duration chaos{};
  std::uint64_t chaos_seed = 1;
};

/// One pool as it stands.
struct pool_report {
  stage_report stage; ///< Of a service: name and replicas only.
  bool is_service = false;
  std::uint64_t restarts = 0; ///< Counted ones, of the slots as they are.
  std::vector<slot_status> slots;
};

/// How a run ended, or that it goes on.
struct run_result {
  enum class ending { running, finished, stopped, failed };
  ending how = ending::running;
  std::optional<failure> cause; ///< Of `failed`.
  bool is_stopping = false;     ///< It was asked to end, or is about to; until `has_ended`.
  bool has_ended = false;       ///< Nothing of it runs any more.
  bool was_too_slow = false;    ///< It took longer than shutdown.timeout and was killed.
};

/// Everything one configuration describes, running: its pipeline and its services. An end that
/// takes longer than `shutdown.timeout` is told in the log, and what is left is killed.
///
/// Lives in: host. Threads: any. Blocks: `wait`, `report`, and the destructor, which kills what is
/// left. Crash (of the host): every process is gone within 2 s.
/// Errors: the constructor throws `error` when the configuration cannot be run. In a forked copy of
/// the host (after fork() or daemon()) everything throws forked_copy at once, but `name` and the
/// destructor, which does nothing there.
class troupe_host {
public:
  troupe_host(const config::troupe_spec& spec, const run_options& options);
  ~troupe_host();
  troupe_host(const troupe_host&) = delete;
  troupe_host& operator=(const troupe_host&) = delete;

  void start();
  /// The first call ends the sources and stops everything when their messages are worked off; a
  /// call with stop_mode::kill ends it now.
  void stop(stop_mode mode);
  /// Waits until everything has ended; false: `limit` came first.
  [[nodiscard]] bool wait(deadline limit);
  [[nodiscard]] run_result result();
  [[nodiscard]] std::vector<pool_report> report();
  [[nodiscard]] std::vector<channel_report> channels();
  [[nodiscard]] std::uint64_t kills() const;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
  class end_watch;

  void refuse_forked_copy() const;
  [[nodiscard]] bool has_ended() const; // Under mutex_.
  void on_end_too_slow();
  void on_pipeline_finished();
  void end_with(run_result::ending how, std::optional<failure> cause,
                stop_mode mode = stop_mode::drain);
  void on_part_stopped();
  void on_service_completed(bool has_failed);
  void stop_parts(stop_mode mode);
  void add_services(const config::troupe_spec& spec);
  void query_slots(std::vector<pool_report>& reports);
  template<class F>
  void for_each_supervisor(F&& f);

  /// Slots of every pool as they were when the end began: the supervisors forget.
  struct memory {
    std::mutex mutex;
    std::vector<std::vector<slot_status>> slots;
  };
  void remember_slots();

  const os::fork_guard guard_;
  const std::string name_;
  const std::shared_ptr<pool_environment> environment_; // Outlives what follows.
  const duration shutdown_timeout_;
  std::shared_ptr<pipeline_host> pipeline_;
  std::vector<std::shared_ptr<service_pool>> services_;
  std::shared_ptr<end_watch> end_watch_;
  std::size_t stages_ = 0;
  const std::shared_ptr<memory> memory_ = std::make_shared<memory>();

  mutable std::mutex mutex_; // Protects what follows.
  // By pointer: in a forked copy it must not be destroyed, for that waits for those who wait on it.
  std::unique_ptr<std::condition_variable> changed_ = std::make_unique<std::condition_variable>();
  run_result result_;
  std::size_t parts_running_ = 0; // Pipeline and services whose workers are not gone.
  std::size_t services_active_ = 0;
  bool is_pipeline_active_ = false;
  bool is_stopping_ = false;
  bool was_too_slow_ = false;
};

} // namespace troupe
