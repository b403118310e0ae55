// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/growing_pause.hpp"
#include "troupe/supervision/backoff.hpp"
#include "troupe/supervision/detail/actor_gate.hpp"
#include "troupe/supervision/detail/messages.hpp"
#include "troupe/supervision/slot_machine.hpp"
#include "troupe/supervision/slot_timer.hpp"
#include "troupe/supervision/start_shortage.hpp"
#include "troupe/supervision/stop_ladder.hpp"
#include "troupe/supervision/supervision_factory.hpp"

#include <caf/event_based_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace troupe::detail {

/// What the actors of one pool share; nothing in it changes.
struct pool_context {
  pool_supervision_spec spec;
  supervision_options services;   ///< All but the log are set.
  std::weak_ptr<actor_gate> gate; ///< Weak: it holds the actors.
};

/// One slot: runs its state machine and the timers and the stop ladder of its worker. What is to be
/// done to the worker it tells the supervisor, which alone calls the pool.
///
/// Lives in: host. Threads: an actor. Blocks: never. Crash (of the worker): that is its trade.
/// Errors: an exception (out of memory) ends it; its supervisor then kills the pool.
class worker_actor : public caf::event_based_actor {
public:
  worker_actor(caf::actor_config& config, std::shared_ptr<const pool_context> context,
               slot_id slot);

  const char* name() const override { return "troupe.worker"; }
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void set_handlers();

  void on_stop(stop_mode mode, std::uint64_t round);
  void on_worker_event(slot_event event, incarnation_id incarnation);
  void on_reason(incarnation_id incarnation, end_reason reason);
  void on_exited(incarnation_id incarnation, exit_record record);
  void on_start_failed(incarnation_id incarnation, const failure& cause);
  void excuse_by_zygote();
  void on_wake(duration scheduled);
  void on_query(const status_query_ptr& query) const;

  [[nodiscard]] bool is_current(incarnation_id incarnation);
  void apply(slot_event event);
  void perform(slot_action action);
  void launch_worker();
  void tell_slow_start() const;
  void ask();
  void pause();
  [[nodiscard]] duration next_pause();
  void take(const stop_step& step);
  void send_signal(int number, signal_scope scope);
  void note_end(end_kind kind, exit_record record);
  [[nodiscard]] end_reason reason_of_end() const;

  void arm(duration delay);
  void wake_at(time_point when);
  [[nodiscard]] time_point now() const { return context_->services.timers->now(); }
  template<class... Ts>
  void tell_supervisor(Ts&&... parts);

  std::shared_ptr<const pool_context> context_;
  slot_id slot_;
  caf::actor_addr supervisor_; // Weak: the supervisor holds its slots.

  slot_phase phase_;
  time_point since_{};
  incarnation_id incarnation_;
  bool has_launched_ = false;
  std::uint64_t restarts_ = 0;
  backoff backoff_;
  start_shortage shortage_;
  stop_ladder ladder_;
  stop_mode asked_mode_ = stop_mode::drain; // Of the last stop.
  std::optional<time_point> ready_at_;      // Of this incarnation.
  worker_end last_end_;
  end_reason last_reason_ = end_reason::by_itself;  // Of last_end_.
  end_reason noted_reason_ = end_reason::by_itself; // What the pool said of this incarnation.
  restart_excuse excuse_ = restart_excuse::none;    // Likewise.
  growing_pause outside_pause_;                     // After deaths that came from outside.
  slot_timer timer_;
};

} // namespace troupe::detail
