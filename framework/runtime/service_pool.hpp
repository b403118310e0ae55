// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/dispatcher.hpp"
#include "troupe/pool/environment.hpp"
#include "troupe/process/supervision_port.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// How the commands of a service are started.
struct service_settings {
  std::string name;
  std::vector<std::string> argv; ///< `${TROUPE_...}` is expanded per slot.
  process_options process;       ///< Likewise its values and folder.
  std::uint32_t replicas = 1;
  restart_spec restart;
  stop_spec stop;
  start_spec start;
  recycle_spec recycle; ///< Age and memory; a service is given no messages.
};

/// What becomes of a service as a whole. Called on the supervisor's thread; must not block.
struct service_events {
  std::function<void(const failure&)> on_gave_up;
  /// No slot will run again; `has_failed`: at least one ended badly.
  std::function<void(bool has_failed)> on_completed;
  std::function<void()> on_stopped;
};

/// A pool of commands without channels: supervised, not fed.
///
/// Lives in: host. Threads: any. Blocks: never. Crash (of a command): its restart rules decide.
/// Errors: told through `service_events`.
class service_pool final : public slot_control,
                           public dispatched,
                           public std::enable_shared_from_this<service_pool> {
public:
  static std::shared_ptr<service_pool> make(service_settings settings,
                                            pool_environment& environment, service_events events);

  void start_all();
  void stop(stop_mode mode) { supervision_->stop(mode); }
  void query(std::function<void(std::vector<slot_status>)> receiver) {
    supervision_->query(std::move(receiver));
  }
  /// Lets go of the supervisor; nothing is called any more.
  void disconnect();
  /// Processes by slot; 0: none.
  [[nodiscard]] std::vector<int> pids();
  [[nodiscard]] const service_settings& settings() const noexcept { return settings_; }

  // dispatched
  time_point serve(time_point now) override { return tick(now); }
  time_point tick(time_point now) override;

  // slot_control
  void start(slot_id slot, incarnation_id incarnation) override;
  void drain(slot_id slot, incarnation_id incarnation) override;
  void signal(slot_id slot, incarnation_id incarnation, int signal, signal_scope scope) override;
  void abandon(slot_id slot) override;
  void give_up(const failure& cause) override;
  void stopped() override;

private:
  class command;
  struct seat {
    incarnation_id incarnation;
    std::shared_ptr<child_process> child;
    std::vector<std::pair<int, signal_scope>> early_signals{}; // Sent before it had started.
    time_point started_at{};
    bool is_recycling = false;
    bool is_abandoned = false;
    bool has_failed = false;
  };

  service_pool(service_settings settings, pool_environment& environment, service_events events);

  command_request request_for(slot_id slot, incarnation_id incarnation) const;
  void on_started(slot_id slot, incarnation_id incarnation, std::shared_ptr<child_process> child);
  void on_exited(slot_id slot, incarnation_id incarnation, const exit_record& record);

  const service_settings settings_;
  // Not owned: a call of one of its threads that is under way may let go of this as the last one,
  // and an environment cannot end on a thread of its own. It ends after those calls.
  pool_environment& environment_;
  const service_events events_;
  // Of the host when this was made.
  const std::shared_ptr<const os::surroundings> surroundings_ = os::surroundings::now();
  std::unique_ptr<pool_supervision> supervision_;
  std::mutex mutex_; // Protects what follows.
  std::vector<seat> seats_;
  time_point next_look_{};
};

} // namespace troupe
