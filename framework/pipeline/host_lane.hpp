// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/dispatcher.hpp"
#include "troupe/pool/environment.hpp"
#include "troupe/pool/lane_group.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::pipeline {

/// The lane of a stage whose worker is no process but a thread of the host: what belongs to the
/// host itself (stdin, stdout) cannot be lost or doubled by the death of a worker. The same jobs
/// and answers go to and fro.
///
/// Lives in: host; its thread is called "troupe-stream". Threads: see lane_group. Blocks: never,
/// except `disconnect`: at most `thread_wait_max`, then a thread that does not come back from the
/// kernel is left to the end of the process.
/// Crash: there is none to be survived. Errors: those of the worker, in its answers.
class host_lane final : public lane_group, public std::enable_shared_from_this<host_lane> {
public:
  static constexpr std::chrono::seconds thread_wait_max{1};

  /// `worker` is the name of the worker type; `member` is rung when an answer comes. Throws
  /// std::system_error when there is no thread to be had.
  static std::shared_ptr<host_lane> make(const std::string& worker, pool_environment& environment,
                                         lane_keeper& keeper, dispatched& member);
  ~host_lane() override;

  // lane_group
  void start_workers() override;
  void stop_producing() override;
  void stop(stop_mode mode) override;
  void query(std::function<void(std::vector<slot_status>)> receiver) override;
  void disconnect() override;
  bool poll() override;
  time_point check(time_point) override { return time_point::max(); }
  [[nodiscard]] bool has_jobs() const noexcept override { return false; } // It rings by itself.
  bool kill_one(std::uint64_t) override { return false; }
  [[nodiscard]] std::uint64_t exits() const noexcept override { return 0; }
  [[nodiscard]] std::vector<int> pids() const override { return {0}; }

  // lane_port
  bool post(slot_id slot, job_id job, std::span<const std::byte> payload) override;
  [[nodiscard]] std::size_t in_flight(slot_id slot) const override;
  void kill(slot_id slot, end_reason reason) override;

private:
  struct shared; // With the thread, which may outlive this object.

  host_lane(const std::string& worker, pool_environment& environment, lane_keeper& keeper,
            dispatched& member);
  void tell(std::function<void(lane_keeper&)> what);
  void end_thread();
  static void run(const std::shared_ptr<shared>& with);

  const bool is_source_;
  pool_environment& environment_; // Outlives it.
  const std::shared_ptr<shared> shared_;
  std::mutex keeper_mutex_; // Protects `keeper_` and is held while it is called.
  lane_keeper* keeper_;
  std::atomic<bool> is_stop_told_{false};
  std::thread thread_;
};

} // namespace troupe::pipeline
