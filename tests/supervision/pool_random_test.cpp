// Goal: whatever happens in whatever order, a slot never has two live workers, the pool ends
// exactly once with no worker left, and restarts stay inside the budget.
// Method: random events, with actors run in random order; the fake pool asserts the first two.

#include "pool_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <random>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t pools = 300;
constexpr int events_per_pool = 120;

class random_pool {
public:
  explicit random_pool(std::uint32_t seed) : random_{seed}, harness_{make_spec()} {}

  void live() {
    harness_.supervision().start();
    for (int i = 0; i < events_per_pool; ++i) {
      event();
      for (int steps = draw(0, 6); steps > 0; --steps) harness_.actors().run_one(random_);
    }
  }

  void die() {
    harness_.supervision().stop(stop_mode::quick);
    // A start may still be on the way, so that it takes a few rounds until no worker is left.
    for (int round = 0; round < 10 && harness_.pool().times_stopped == 0; ++round) {
      harness_.actors().run();
      while (!harness_.pool().live.empty()) exits(harness_.pool().live.begin()->first);
      harness_.actors().run();
    }
    BOOST_TEST(harness_.pool().times_stopped == 1);
    harness_.advance(1h);
    BOOST_TEST(harness_.pool().times_stopped == 1);
    BOOST_TEST(harness_.pool().live.empty());
    BOOST_TEST(harness_.pool().causes.size() <= 1U);
    BOOST_TEST(harness_.actors().counters().restarts <= intensity_);
    for (const auto& slot : harness_.status()) {
      BOOST_TEST((slot.state == slot_state::stopped || slot.state == slot_state::completed ||
                  slot.state == slot_state::failed),
                 slot.state);
    }
  }

  [[nodiscard]] const supervision_counters& counters() { return harness_.actors().counters(); }

private:
  pool_supervision_spec make_spec() {
    auto spec = spec_of(static_cast<std::uint32_t>(draw(1, 4)));
    spec.restart.policy = static_cast<restart_type>(draw(0, 2));
    intensity_ = static_cast<std::uint32_t>(draw(0, 12));
    spec.restart.intensity = intensity_;
    spec.restart.period = 1h; // Longer than any life here.
    spec.restart.parks_when_exhausted = draw(0, 1) == 1;
    if (draw(0, 1) == 1) spec.restart.backoff.initial = 0ms;
    spec.start.stagger = std::chrono::milliseconds{draw(0, 1) * 10};
    spec.start.timeout = 100ms;
    spec.stop.timeout = 50ms;
    spec.stop.drain = std::chrono::milliseconds{draw(0, 1) * 30};
    spec.stop.is_brutal_kill = draw(0, 4) == 0;
    return spec;
  }

  void event() {
    auto& supervision = harness_.supervision();
    const auto slot = slot_id{static_cast<std::uint32_t>(draw(0, 3))};
    const auto live = harness_.pool().live.find(slot);
    const bool is_live = live != harness_.pool().live.end();
    const auto id = is_live ? live->second : incarnation_id{static_cast<std::uint64_t>(draw(0, 3))};
    switch (draw(0, 9)) {
    case 0:
    case 1:
      if (is_live) supervision.on_ready(slot, id);
      return;
    case 2:
      if (is_live) exits(slot);
      return;
    case 3:
      return supervision.recycle(slot, id);
    case 4:
      return supervision.on_drained(slot, id);
    case 5:
      if (draw(0, 39) == 0) supervision.stop(static_cast<stop_mode>(draw(0, 2)));
      return;
    case 6:
      return supervision.start();
    case 7:
      if (!is_live) supervision.on_exited(slot, {id.value + 1000}, {}); // From nowhere.
      return;
    case 8:
      return pass_time(std::chrono::milliseconds{draw(0, 60)});
    default:
      return;
    }
  }

  void pass_time(duration span) {
    auto& timers = harness_.actors().timers();
    timers.advance_to(timers.now() + span, [this] {
      if (draw(0, 1) == 1) harness_.actors().run_one(random_);
    });
  }

  void exits(slot_id slot) {
    const auto id = harness_.pool().live.at(slot);
    harness_.pool().live.erase(slot);
    if (draw(0, 7) == 0)
      return harness_.supervision().on_start_failed(slot, id, {errc::system, "no luck", 11});
    const auto status =
        draw(0, 2) == 0 ? exit_status::exited_with(0) : exit_status::killed_by(SIGKILL);
    harness_.supervision().on_exited(slot, id, pool_harness::record(slot.value, status));
  }

  int draw(int low, int high) { return std::uniform_int_distribution{low, high}(random_); }

  std::mt19937 random_;
  std::uint32_t intensity_ = 0;
  pool_harness harness_;
};

BOOST_AUTO_TEST_SUITE(pool_random_suite, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(random_pools_keep_their_promises) {
  const auto first = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << first);
  std::uint64_t starts = 0, restarts = 0, recycles = 0, give_ups = 0;
  for (std::uint32_t i = 0; i < pools; ++i) {
    BOOST_TEST_CONTEXT("seed " << first + i) {
      auto pool = random_pool{first + i};
      pool.live();
      pool.die();
      starts += pool.counters().starts;
      restarts += pool.counters().restarts;
      recycles += pool.counters().recycles;
      give_ups += pool.counters().give_ups;
    }
  }
  // Else the test would have tested nothing.
  BOOST_TEST_MESSAGE(starts << " starts, " << restarts << " restarts, " << recycles
                            << " recyclings, " << give_ups << " pools given up");
  BOOST_TEST(restarts >= pools);
  BOOST_TEST(recycles >= pools / 10);
  BOOST_TEST(give_ups > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
