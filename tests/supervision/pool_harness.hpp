// Part of Troupe; see LICENSE.

#pragma once

#include "fake_pool.hpp"

#include "support/actor_fixture.hpp"
#include "support/print.hpp"

#include <csignal>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

using lines = std::vector<std::string>;

/// A supervised pool of pretended workers, turned by hand.
class pool_harness {
public:
  explicit pool_harness(pool_supervision_spec spec, double jitter_draw = 0.5)
      : actors_{jitter_draw}, supervision_{&actors_.make(std::move(spec), pool_)} {}

  /// Starts the pool and lets every worker become ready.
  void start_all() {
    start();
    for (const auto& [slot, incarnation] : std::map{pool_->live}) ready(slot.value);
    (void)pool_->take();
  }

  void start() {
    supervision_->start();
    actors_.run();
  }
  void stop(stop_mode mode) {
    supervision_->stop(mode);
    actors_.run();
  }
  void ready(std::uint32_t slot) {
    supervision_->on_ready(slot_id{slot}, incarnation(slot));
    actors_.run();
  }
  void drained(std::uint32_t slot) {
    supervision_->on_drained(slot_id{slot}, incarnation(slot));
    actors_.run();
  }
  void recycle(std::uint32_t slot) {
    supervision_->recycle(slot_id{slot}, incarnation(slot));
    actors_.run();
  }
  void exits(std::uint32_t slot, exit_status status) {
    const auto current = incarnation(slot);
    pool_->live.erase(slot_id{slot});
    supervision_->on_exited(slot_id{slot}, current, record(slot, status));
    actors_.run();
  }
  void goes_with_zygote(std::uint32_t slot) {
    const auto current = incarnation(slot);
    pool_->live.erase(slot_id{slot});
    auto end = record(slot, exit_status::killed_by(SIGKILL));
    end.went_with_zygote = true;
    supervision_->on_exited(slot_id{slot}, current, std::move(end));
    actors_.run();
  }
  void start_fails(std::uint32_t slot, failure cause) {
    const auto current = incarnation(slot);
    pool_->live.erase(slot_id{slot});
    supervision_->on_start_failed(slot_id{slot}, current, std::move(cause));
    actors_.run();
  }
  void advance(duration span) { actors_.advance(span); }

  [[nodiscard]] lines take_log() { return actors_.take_log(); }
  [[nodiscard]] lines take() { return pool_->take(); }
  [[nodiscard]] fake_pool& pool() { return *pool_; }
  [[nodiscard]] pool_supervision& supervision() { return *supervision_; }
  [[nodiscard]] actor_fixture& actors() { return actors_; }
  [[nodiscard]] std::uint64_t stale_events() const { return actors_.counters().stale_events; }

  [[nodiscard]] std::vector<slot_status> status() {
    auto answer = std::vector<slot_status>{};
    supervision_->query([&](std::vector<slot_status> slots) { answer = std::move(slots); });
    actors_.run();
    return answer;
  }
  [[nodiscard]] slot_state state(std::uint32_t slot) { return status().at(slot).state; }

  static exit_record record(std::uint32_t slot, exit_status status) {
    auto record = exit_record{};
    record.status = status;
    record.pid = 4711;
    record.name = "parse/" + std::to_string(slot);
    return record;
  }

private:
  [[nodiscard]] incarnation_id incarnation(std::uint32_t slot) {
    BOOST_REQUIRE(pool_->live.contains(slot_id{slot}));
    return pool_->live.at(slot_id{slot});
  }

  std::shared_ptr<fake_pool> pool_ = std::make_shared<fake_pool>();
  actor_fixture actors_;
  pool_supervision* supervision_;
};

/// A spec with pauses of exactly 20 ms, as the acceptance cases have it.
inline pool_supervision_spec spec_of(std::uint32_t replicas, restart_spec restart = {}) {
  using namespace std::chrono_literals;
  restart.backoff = {.initial = 20ms, .max = 20ms, .factor = 2, .jitter = 0, .reset_after = 60s};
  auto spec = pool_supervision_spec{};
  spec.name = "parse";
  spec.replicas = replicas;
  spec.restart = std::move(restart);
  return spec;
}

} // namespace troupe::test
