// Goal: a pool stops in reverse order, as gently as asked and no longer than allowed; recycled
// workers are replaced without counting.
// Method: a pool of pretended workers, with messages and clock turned by hand.

#include "pool_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

constexpr auto success = exit_status::exited_with(0);
constexpr auto by_term = exit_status::killed_by(SIGTERM);
constexpr auto by_kill = exit_status::killed_by(SIGKILL);

pool_supervision_spec draining_spec(std::uint32_t replicas, duration drain) {
  auto spec = spec_of(replicas);
  spec.stop.drain = drain;
  return spec;
}

BOOST_AUTO_TEST_SUITE(pool_stop_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(last_slot_is_signalled_first_and_stopped_comes_once) { // Case 36.
  auto pool = pool_harness{spec_of(3)};
  pool.start_all();
  pool.stop(stop_mode::quick);
  BOOST_TEST(pool.take() ==
                 (lines{"TERM 2#0", "CONT 2#0", "TERM 1#0", "CONT 1#0", "TERM 0#0", "CONT 0#0"}),
             boost::test_tools::per_element());
  pool.exits(0, success);
  pool.exits(2, success);
  BOOST_TEST(pool.take().empty());
  pool.exits(1, by_term);
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
  BOOST_TEST(pool.state(1) == slot_state::stopped);
  pool.advance(1h);
  pool.stop(stop_mode::quick); // Case 39: stopping what is stopped.
  pool.start();
  BOOST_TEST(pool.take().empty());
  BOOST_TEST(pool.pool().causes.empty());
}

BOOST_AUTO_TEST_CASE(worker_that_ignores_the_signal_is_killed_after_the_timeout) { // Case 37.
  auto spec = spec_of(1);
  spec.stop.timeout = 500ms;
  spec.stop.signal = SIGINT;
  spec.stop.scope = signal_scope::process;
  auto pool = pool_harness{spec};
  pool.start_all();
  pool.stop(stop_mode::drain);
  BOOST_TEST(pool.take() == (lines{"INT 0#0 process", "CONT 0#0 process"}),
             boost::test_tools::per_element());
  pool.advance(499ms);
  BOOST_TEST(pool.take().empty());
  pool.advance(1ms);
  BOOST_TEST(pool.take() == (lines{"KILL 0#0"}), boost::test_tools::per_element()); // To the group.
  pool.advance(24h); // Uninterruptible: still waited for.
  BOOST_TEST(pool.take().empty());
  pool.exits(0, by_kill);
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(brutal_kill_sends_nothing_else) { // Case 38.
  auto spec = draining_spec(1, 5s);
  spec.stop.is_brutal_kill = true;
  auto pool = pool_harness{spec};
  pool.start_all();
  pool.stop(stop_mode::drain);
  BOOST_TEST(pool.take() == (lines{"KILL 0#0"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(infinity_never_kills) { // Case 38.
  auto spec = spec_of(1);
  spec.stop.timeout = std::nullopt;
  auto pool = pool_harness{spec};
  pool.start_all();
  pool.stop(stop_mode::quick);
  (void)pool.take();
  pool.advance(24h);
  BOOST_TEST(pool.take().empty());
  pool.stop(stop_mode::kill);
  BOOST_TEST(pool.take() == (lines{"KILL 0#0"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(drain_waits_for_the_work_in_hand) {
  auto pool = pool_harness{draining_spec(2, 5s)};
  pool.start_all();
  pool.stop(stop_mode::drain);
  BOOST_TEST(pool.take() == (lines{"drain 1#0", "drain 0#0"}), boost::test_tools::per_element());
  pool.drained(0);
  BOOST_TEST(pool.take() == (lines{"TERM 0#0", "CONT 0#0"}), boost::test_tools::per_element());
  pool.advance(5s);
  BOOST_TEST(pool.take() == (lines{"TERM 1#0", "CONT 1#0"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(harder_stop_shortens_a_softer_one) {
  auto pool = pool_harness{draining_spec(2, 1h)};
  pool.start_all();
  pool.stop(stop_mode::drain);
  (void)pool.take();
  pool.stop(stop_mode::quick);
  BOOST_TEST(pool.take() == (lines{"TERM 1#0", "CONT 1#0", "TERM 0#0", "CONT 0#0"}),
             boost::test_tools::per_element());
  pool.stop(stop_mode::drain);
  BOOST_TEST(pool.take().empty());
  pool.stop(stop_mode::kill);
  BOOST_TEST(pool.take() == (lines{"KILL 1#0", "KILL 0#0"}), boost::test_tools::per_element());
  pool.exits(1, by_kill);
  pool.exits(0, by_kill);
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stop_during_backoff_is_immediate) { // Case 43.
  auto spec = spec_of(1);
  spec.restart.backoff = {.initial = 30s, .max = 30s, .factor = 1, .jitter = 0, .reset_after = 60s};
  auto pool = pool_harness{spec};
  pool.start_all();
  pool.exits(0, exit_status::exited_with(3));
  pool.advance(1s);
  pool.stop(stop_mode::drain);
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
  pool.advance(1h);
  BOOST_TEST(pool.take().empty());
  BOOST_TEST(pool.state(0) == slot_state::stopped);
}

BOOST_AUTO_TEST_CASE(stop_during_start_signals_at_once) {
  auto pool = pool_harness{draining_spec(1, 1h)};
  pool.start();
  (void)pool.take();
  pool.stop(stop_mode::drain); // It has no work to finish.
  BOOST_TEST(pool.take() == (lines{"TERM 0#0", "CONT 0#0"}), boost::test_tools::per_element());
  pool.ready(0);
  pool.exits(0, by_term);
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stop_between_staggered_starts_starts_no_more) {
  auto spec = spec_of(3);
  spec.start.stagger = 1s;
  auto pool = pool_harness{spec};
  pool.start();
  pool.stop(stop_mode::quick);
  BOOST_TEST(pool.take() == (lines{"start 0#0", "TERM 0#0", "CONT 0#0"}),
             boost::test_tools::per_element());
  pool.advance(10s);
  pool.exits(0, by_term);
  BOOST_TEST(pool.take() == (lines{"KILL 0#0", "stopped"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(start_that_fails_while_stopping_is_a_stop) {
  auto pool = pool_harness{spec_of(1)};
  pool.start();
  pool.stop(stop_mode::quick);
  (void)pool.take();
  pool.start_fails(0, {errc::start_failed, "no such file", 2});
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
  BOOST_TEST(pool.pool().causes.empty());
}

BOOST_AUTO_TEST_CASE(pools_never_started_or_without_slots_stop_at_once) {
  auto idle = pool_harness{spec_of(2)};
  idle.stop(stop_mode::drain);
  BOOST_TEST(idle.take() == (lines{"stopped"}), boost::test_tools::per_element());
  auto empty = pool_harness{spec_of(0)};
  empty.start();
  BOOST_TEST(empty.status().empty());
  empty.stop(stop_mode::drain);
  BOOST_TEST(empty.take() == (lines{"stopped"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(worker_that_dies_while_its_stop_is_on_the_way_has_stopped) { // Case 45.
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    auto random = std::mt19937{seed};
    auto pool = pool_harness{spec_of(2, {.intensity = 0})};
    pool.start_all();
    const auto current = pool.pool().live.at(slot_id{1});
    pool.supervision().stop(stop_mode::quick);
    for (auto steps = seed % 5; steps-- > 0;) pool.actors().run_one(random);
    pool.exits(0, exit_status::exited_with(3));
    pool.pool().live.erase(slot_id{1});
    pool.supervision().on_exited(slot_id{1}, current, pool_harness::record(1, by_kill));
    pool.actors().run();
    BOOST_TEST(pool.pool().times_stopped == 1, "seed " << seed);
    BOOST_TEST(pool.state(0) == slot_state::stopped, "seed " << seed);
    BOOST_TEST(pool.pool().causes.empty(), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(recycled_worker_finishes_and_is_replaced_without_counting) {
  auto pool = pool_harness{spec_of(2, {.intensity = 0})};
  pool.start_all();
  pool.recycle(1);
  BOOST_TEST(pool.take() == (lines{"drain 1#0"}), boost::test_tools::per_element());
  pool.recycle(1); // Asked twice.
  pool.advance(1h);
  BOOST_TEST(pool.take().empty());
  pool.drained(1);
  BOOST_TEST(pool.take() == (lines{"TERM 1#0", "CONT 1#0"}), boost::test_tools::per_element());
  pool.exits(1, by_term);
  BOOST_TEST(pool.take() == (lines{"start 1#1"}), boost::test_tools::per_element());
  pool.ready(1);
  const auto slots = pool.status();
  BOOST_TEST(slots[1].restarts == 0U);
  BOOST_TEST(slots[1].state == slot_state::ready);
  BOOST_TEST(pool.actors().counters().recycles == 1U);
}

BOOST_AUTO_TEST_CASE(recycled_worker_that_dies_first_is_just_replaced) {
  auto pool = pool_harness{spec_of(1, {.intensity = 0})};
  pool.start_all();
  pool.recycle(0);
  (void)pool.take();
  pool.exits(0, exit_status::killed_by(SIGSEGV));
  BOOST_TEST(pool.take() == (lines{"start 0#1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stop_ends_a_recycling_for_good) {
  auto pool = pool_harness{draining_spec(1, 5s)};
  pool.start_all();
  pool.recycle(0);
  pool.stop(stop_mode::drain);
  (void)pool.take();
  pool.advance(5s);
  BOOST_TEST(pool.take() == (lines{"TERM 0#0", "CONT 0#0"}), boost::test_tools::per_element());
  pool.exits(0, by_term);
  BOOST_TEST(pool.take() == (lines{"stopped"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stop_overtakes_the_kill_of_a_late_worker) {
  auto spec = spec_of(1);
  spec.start.timeout = 1s;
  auto pool = pool_harness{spec};
  pool.start();
  pool.advance(1s);
  pool.stop(stop_mode::drain);
  pool.exits(0, by_kill);
  BOOST_TEST(pool.take() == (lines{"start 0#0", "KILL 0#0", "stopped"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(harder_stop_while_giving_up_shortens_it) {
  auto pool = pool_harness{spec_of(2, {.intensity = 0})};
  pool.start_all();
  pool.exits(1, success);
  pool.stop(stop_mode::kill);
  pool.exits(0, by_kill);
  BOOST_TEST(pool.take() == (lines{"give_up", "TERM 0#0", "CONT 0#0", "KILL 0#0", "abandon 0",
                                   "abandon 1", "stopped"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pool_that_throws_is_killed_and_given_up) {
  auto pool = pool_harness{spec_of(2)};
  pool.start_all();
  pool.pool().on_line = [](const std::string& line) {
    if (line == "drain 0#0") throw std::runtime_error{"out of luck"};
  };
  pool.pool().must_be_empty = false;
  pool.supervision().recycle(slot_id{0}, incarnation_id{0});
  pool.actors().run();
  BOOST_TEST(pool.take() == (lines{"drain 0#0", "KILL 1#0", "KILL 0#0", "give_up", "abandon 0",
                                   "abandon 1", "stopped"}),
             boost::test_tools::per_element());
  BOOST_TEST(pool.pool().causes.at(0).message.find("out of luck") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(slot_that_runs_out_of_resources_takes_its_pool_along) {
  auto pool = pool_harness{spec_of(2)};
  pool.start_all();
  pool.pool().must_be_empty = false;
  pool.actors().timers().break_down();
  pool.exits(1, by_kill); // The pause before its restart needs a timer.
  BOOST_TEST(pool.take() ==
                 (lines{"KILL 1#0", "KILL 0#0", "give_up", "abandon 0", "abandon 1", "stopped"}),
             boost::test_tools::per_element());
  BOOST_TEST(pool.pool().causes.at(0).message.find("no timers left") != std::string::npos,
             pool.pool().causes.at(0).message);
  pool.stop(stop_mode::kill);
  BOOST_TEST(pool.status().size() == 2U); // Still answers, with what it knows.
  BOOST_TEST(pool.take().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
