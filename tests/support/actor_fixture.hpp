// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/guarded.hpp"
#include "troupe/supervision/detail/pool_link.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace troupe::test {

/// Timers that go off when the test says so, with a clock that stands still in between.
class fake_timers final : public timer_service {
public:
  void schedule_after(duration delay, std::function<void()> callback) override {
    state_.with([&](state& held) {
      if (held.is_broken)
        throw std::system_error{EMFILE, std::generic_category(), "no timers left"};
      held.pending.emplace(held.now + delay, std::move(callback));
    });
  }

  [[nodiscard]] time_point now() const override {
    return state_.with([](const state& held) { return held.now; });
  }

  /// From now on the service is out of resources.
  void break_down() {
    state_.with([](state& held) { held.is_broken = true; });
  }

  [[nodiscard]] std::size_t pending() const {
    return state_.with([](const state& held) { return held.pending.size(); });
  }

  /// Moves the clock to `when` and calls what is due by then, in order; `settle` runs after each.
  template<class F>
  void advance_to(time_point when, F&& settle) {
    for (;;) {
      auto due = state_.with([&](state& held) -> std::function<void()> {
        if (held.pending.empty() || held.pending.begin()->first > when) {
          held.now = std::max(held.now, when);
          return {};
        }
        auto first = held.pending.extract(held.pending.begin());
        held.now = std::max(held.now, first.key());
        return std::move(first.mapped());
      });
      if (!due) return;
      due();
      settle();
    }
  }

private:
  struct state {
    bool is_broken = false;
    time_point now{};
    std::multimap<time_point, std::function<void()>> pending;
  };
  guarded<state> state_;
};

/// An actor system in which nothing happens but by the test's hand: it runs the messages and turns
/// the clock, so that every run is the same.
class actor_fixture {
public:
  explicit actor_fixture(double jitter_draw = 0.5)
      : services_{.timers = timers_,
                  .random = [jitter_draw] { return jitter_draw; },
                  .counters = std::make_shared<supervision_counters>(),
                  .log = [this](std::string_view line) { log_.emplace_back(line); }},
        system_{std::make_unique<caf::actor_system>(config_)} {}

  ~actor_fixture() {
    // Ended by hand: nobody else runs the message that ends the supervisor.
    if (pool_) pool_->gate()->close();
    run();
    pool_.reset();
  }

  actor_fixture(const actor_fixture&) = delete;
  actor_fixture& operator=(const actor_fixture&) = delete;

  pool_supervision& make(pool_supervision_spec spec, std::shared_ptr<slot_control> control) {
    pool_ = std::make_unique<detail::pool_link>(*system_, std::move(spec), std::move(control),
                                                services_);
    return *pool_;
  }

  [[nodiscard]] detail::pool_link& pool() { return *pool_; }

  /// Runs messages until there are none.
  void run() { scheduler().run(); }

  /// Runs one actor of those that have messages, by chance; returns whether there was one.
  template<class Random>
  bool run_one(Random& random) {
    auto& jobs = scheduler().jobs;
    if (jobs.empty()) return false;
    const auto index = std::uniform_int_distribution<std::size_t>{0, jobs.size() - 1}(random);
    std::swap(jobs.front(), jobs[index]);
    scheduler().run_once();
    return true;
  }

  void advance(duration span) {
    run();
    timers_->advance_to(timers_->now() + span, [this] { run(); });
  }

  /// Returns what was logged since the last call.
  [[nodiscard]] std::vector<std::string> take_log() { return std::exchange(log_, {}); }

  [[nodiscard]] fake_timers& timers() { return *timers_; }
  [[nodiscard]] const supervision_counters& counters() const { return *services_.counters; }

private:
  struct testing_config : caf::actor_system_config {
    testing_config() { set("scheduler.policy", caf::atom("testing")); }
  };

  [[nodiscard]] caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  }

  std::vector<std::string> log_;
  std::shared_ptr<fake_timers> timers_ = std::make_shared<fake_timers>();
  supervision_options services_;
  testing_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<detail::pool_link> pool_;
};

} // namespace troupe::test
