// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/supervision/detail/worker_actor.hpp"
#include "troupe/supervision/failed_starts.hpp"
#include "troupe/supervision/pool_lifecycle.hpp"
#include "troupe/supervision/restart_log_rate.hpp"
#include "troupe/supervision/restart_policy.hpp"
#include "troupe/supervision/start_sequence.hpp"
#include "troupe/supervision/zygote_deaths.hpp"

#include <caf/event_based_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// The slots of one pool: starts them in order, decides what becomes of those whose worker has
/// ended, stops them in reverse order, gives up when the restart budget is spent.
///
/// Lives in: host. Threads: an actor, and the only one that calls `slot_control`. Blocks: never.
/// Crash (of a worker): restarts it. Errors: if it fails itself (out of memory, or a `slot_control`
/// that throws) it kills every worker and gives the pool up.
class pool_supervisor : public caf::event_based_actor {
public:
  pool_supervisor(caf::actor_config& config, std::shared_ptr<const pool_context> context,
                  std::shared_ptr<slot_control> control, std::vector<caf::actor> workers);

  const char* name() const override { return "troupe.pool"; }
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void set_handlers();

  void on_start();
  void on_start_timer();
  void on_stop(stop_mode mode);
  void on_launch(slot_id slot, incarnation_id incarnation);
  void on_ended(const worker_end& end);
  void on_shortage(const worker_end& end, bool was_ready);
  void on_zygote_death(const worker_end& end, bool was_ready);
  void restart(const worker_end& end, bool was_ready);
  void start_again(const worker_end& end, bool was_ready);
  void park(const worker_end& end, bool was_ready);
  void on_finished(slot_id slot, slot_state state);
  void on_stopping(std::uint64_t round);

  void start_next();
  void begin_stop_round(stop_mode mode);
  void stop_next();
  void give_up(slot_id culprit, const failure& cause);
  void abandon(slot_id slot);
  void end_if_empty();
  void end();
  void fail(std::string_view what) noexcept;

  template<class F>
  void tell_end(const worker_end& end, bool was_ready, F&& line);
  void tell_untold();

  template<class F>
  void call(F&& f);
  [[nodiscard]] time_point now() const { return context_->services.timers->now(); }

  std::shared_ptr<const pool_context> context_;
  std::shared_ptr<slot_control> control_; // Empty once the pool was told that all is over.
  std::shared_ptr<actor_gate> gate_;
  std::vector<caf::actor> workers_;

  pool_lifecycle lifecycle_;
  restart_policy policy_;
  failed_starts failed_starts_;
  zygote_deaths zygote_deaths_;
  start_sequence sequence_;
  restart_log_rate rate_;
  std::optional<slot_id> starting_; // Told to start, not yet heard of; the next one waits for it.

  struct slot_book {
    std::optional<incarnation_id> launched;
    bool is_ready = false;
    bool is_abandoned = false;
  };
  std::vector<slot_book> book_;

  struct stop_round {
    std::uint64_t number = 0; // Answers to older rounds are stale.
    stop_mode mode = stop_mode::drain;
    std::size_t left = 0; // Slots below this one are still to be told.
  };
  stop_round round_;
};

} // namespace troupe::detail
