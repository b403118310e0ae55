// Goal: workers that end are restarted, completed, parked or given up as their spec says.
// Method: a pool of pretended workers, with messages and clock turned by hand.

#include "pool_harness.hpp"

#include "troupe/supervision/start_shortage.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

constexpr auto success = exit_status::exited_with(0);
constexpr auto code_3 = exit_status::exited_with(3);
constexpr auto segv = exit_status::killed_by(SIGSEGV);

BOOST_AUTO_TEST_SUITE(pool_restart_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(slots_start_in_order) {
  auto pool = pool_harness{spec_of(3)};
  pool.start();
  BOOST_TEST(pool.take() == (lines{"start 0#0", "start 1#0", "start 2#0"}),
             boost::test_tools::per_element());
  BOOST_TEST(pool.state(2) == slot_state::starting);
  pool.ready(2);
  BOOST_TEST(pool.state(2) == slot_state::ready);
  pool.start(); // Started already: no second process.
  BOOST_TEST(pool.take().empty());
}

BOOST_AUTO_TEST_CASE(stagger_keeps_starts_apart) {
  auto spec = spec_of(3);
  spec.start.stagger = 50ms;
  auto pool = pool_harness{spec};
  pool.start();
  BOOST_TEST(pool.take() == (lines{"start 0#0"}), boost::test_tools::per_element());
  pool.advance(49ms);
  BOOST_TEST(pool.take().empty());
  pool.advance(1ms);
  BOOST_TEST(pool.take() == (lines{"start 1#0"}), boost::test_tools::per_element());
  pool.advance(1s);
  BOOST_TEST(pool.take() == (lines{"start 2#0"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(crashed_slot_alone_is_restarted_after_the_pause) { // Cases 1, 2, 4, 15.
  auto pool = pool_harness{spec_of(3)};
  pool.start_all();
  for (const auto status : {success, code_3, segv}) {
    pool.exits(1, status);
    BOOST_TEST(pool.state(1) == slot_state::backoff);
    pool.advance(19ms);
    BOOST_TEST(pool.take().empty());
    pool.advance(1ms);
    BOOST_TEST(pool.take().size() == 1U);
    pool.ready(1);
  }
  const auto slots = pool.status();
  BOOST_TEST(slots[1].state == slot_state::ready);
  BOOST_TEST(slots[1].incarnation.value == 3U);
  BOOST_TEST(slots[1].restarts == 3U);
  BOOST_TEST(slots[1].last_exit.status.signal().value() == SIGSEGV);
  BOOST_TEST(slots[0].restarts == 0U);
  BOOST_TEST(slots[0].last_exit.name.empty());
}

BOOST_AUTO_TEST_CASE(transient_worker_completes) { // Case 3.
  auto pool = pool_harness{spec_of(2, {.policy = restart_type::transient})};
  pool.start_all();
  pool.exits(0, success);
  BOOST_TEST(pool.take() == (lines{"abandon 0"}), boost::test_tools::per_element());
  BOOST_TEST(pool.state(0) == slot_state::completed);
  BOOST_TEST(pool.status()[0].restarts == 0U);
  BOOST_TEST(pool.state(1) == slot_state::ready);
}

BOOST_AUTO_TEST_CASE(temporary_worker_is_never_restarted) { // Case 5.
  auto pool = pool_harness{spec_of(3, {.policy = restart_type::temporary})};
  pool.start_all();
  pool.exits(0, success);
  pool.exits(1, code_3);
  pool.exits(2, exit_status::killed_by(SIGKILL));
  BOOST_TEST(pool.take() == (lines{"abandon 0", "abandon 1", "abandon 2"}),
             boost::test_tools::per_element());
  BOOST_TEST(pool.state(0) == slot_state::completed);
  BOOST_TEST(pool.state(1) == slot_state::failed);
  BOOST_TEST(pool.state(2) == slot_state::failed);
  pool.advance(1h);
  BOOST_TEST(pool.take().empty());
}

BOOST_AUTO_TEST_CASE(spent_budget_stops_the_others_in_reverse_and_gives_up) { // Case 18.
  auto pool = pool_harness{spec_of(3, {.intensity = 2, .period = 3600s})};
  pool.start_all();
  for (int i = 0; i < 2; ++i) {
    pool.exits(1, code_3);
    pool.advance(20ms);
    pool.ready(1);
  }
  (void)pool.take();
  pool.exits(1, code_3);
  BOOST_TEST(pool.take() == (lines{"give_up", "TERM 2#0", "CONT 2#0", "TERM 0#0", "CONT 0#0"}),
             boost::test_tools::per_element());
  BOOST_TEST(pool.state(1) == slot_state::failed);
  pool.exits(2, exit_status::killed_by(SIGTERM));
  BOOST_TEST(pool.take().empty());
  pool.exits(0, exit_status::killed_by(SIGTERM));
  BOOST_TEST(pool.take() == (lines{"abandon 0", "abandon 1", "abandon 2", "stopped"}),
             boost::test_tools::per_element());

  BOOST_REQUIRE(pool.pool().causes.size() == 1U);
  const auto& cause = pool.pool().causes[0];
  BOOST_TEST((cause.code == errc::broken));
  BOOST_TEST(cause.message.find("pool 'parse' gave up") != std::string::npos, cause.message);
  BOOST_TEST(cause.message.find("parse/1") != std::string::npos, cause.message);
  BOOST_TEST(cause.message.find("reached_max_restart_intensity") != std::string::npos);
  pool.stop(stop_mode::kill);
  BOOST_TEST(pool.take().empty());
}

BOOST_AUTO_TEST_CASE(slots_share_one_budget) {
  auto pool = pool_harness{spec_of(3, {.intensity = 2, .period = 3600s})};
  pool.start_all();
  pool.exits(0, code_3);
  pool.exits(1, code_3);
  BOOST_TEST(pool.take().empty());
  pool.exits(2, code_3); // Nobody is left to be stopped.
  BOOST_TEST(pool.take() == (lines{"give_up", "abandon 0", "abandon 1", "abandon 2", "stopped"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(crashes_apart_from_each_other_never_spend_the_budget) { // Case 19.
  auto pool = pool_harness{spec_of(1, {.intensity = 1, .period = 1s})};
  pool.start_all();
  for (int i = 0; i < 4; ++i) {
    pool.exits(0, code_3);
    pool.advance(2100ms);
    pool.ready(0);
  }
  BOOST_TEST(pool.state(0) == slot_state::ready);
  BOOST_TEST(pool.status()[0].restarts == 4U);
}

BOOST_AUTO_TEST_CASE(intensity_zero_gives_up_at_the_first_crash) { // Case 20.
  auto pool = pool_harness{spec_of(1, {.intensity = 0})};
  pool.start_all();
  pool.exits(0, code_3);
  BOOST_TEST(pool.take() == (lines{"give_up", "abandon 0", "stopped"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(unlimited_intensity_survives_fifty_crashes) { // Case 20.
  auto pool = pool_harness{spec_of(1, {.intensity = unlimited_restarts})};
  pool.start_all();
  for (int i = 0; i < 50; ++i) {
    pool.exits(0, code_3);
    pool.advance(20ms);
    pool.ready(0);
  }
  BOOST_TEST(pool.state(0) == slot_state::ready);
}

BOOST_AUTO_TEST_CASE(exhausted_slot_parks_and_the_pool_goes_on) { // Case 25.
  auto pool =
      pool_harness{spec_of(2, {.intensity = 1, .period = 1h, .parks_when_exhausted = true})};
  pool.start_all();
  pool.exits(0, code_3);
  pool.advance(20ms);
  (void)pool.take();
  pool.exits(0, code_3);
  BOOST_TEST(pool.take() == (lines{"abandon 0"}), boost::test_tools::per_element());
  BOOST_TEST(pool.state(0) == slot_state::failed);
  BOOST_TEST(pool.state(1) == slot_state::ready);
  pool.stop(stop_mode::quick);
  pool.exits(1, success);
  BOOST_TEST(pool.take() == (lines{"TERM 1#0", "CONT 1#0", "stopped"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(prevent_exit_parks_a_permanent_worker) {
  auto pool = pool_harness{spec_of(1, {.prevent_exit = {exit_status::exited_with(78)}})};
  pool.start_all();
  pool.exits(0, exit_status::exited_with(78));
  BOOST_TEST(pool.take() == (lines{"abandon 0"}), boost::test_tools::per_element());
  BOOST_TEST(pool.pool().causes.empty());
}

BOOST_AUTO_TEST_CASE(program_that_does_not_exist_fails_the_pool_at_once) { // Case 26.
  auto pool = pool_harness{spec_of(3)};
  pool.start();
  (void)pool.take();
  pool.start_fails(2, {errc::start_failed, "./api: No such file or directory", ENOENT});
  BOOST_TEST(pool.take() == (lines{"give_up", "TERM 1#0", "CONT 1#0", "TERM 0#0", "CONT 0#0"}),
             boost::test_tools::per_element());
  BOOST_REQUIRE(pool.pool().causes.size() == 1U);
  BOOST_TEST((pool.pool().causes[0].code == errc::start_failed));
  BOOST_TEST(pool.pool().causes[0].message.find("No such file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(later_start_failures_use_up_the_budget) {
  auto pool = pool_harness{spec_of(1, {.intensity = 2, .period = 1h})};
  pool.start_all();
  pool.exits(0, code_3);
  pool.advance(20ms);
  pool.start_fails(0, {errc::start_failed, "./api: No such file or directory", ENOENT});
  pool.advance(20ms);
  BOOST_TEST(pool.take() == (lines{"start 0#1", "start 0#2"}), boost::test_tools::per_element());
  BOOST_TEST(pool.status()[0].last_exit.stderr_tail.size() == 1U);
  pool.start_fails(0, {errc::start_failed, "./api: No such file or directory", ENOENT});
  BOOST_TEST(pool.take() == (lines{"give_up", "abandon 0", "stopped"}),
             boost::test_tools::per_element());
  BOOST_TEST(pool.pool().causes[0].message.find("No such file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(passing_shortage_at_the_first_start_is_retried) {
  auto pool = pool_harness{spec_of(1)};
  pool.start();
  pool.start_fails(0, {errc::start_failed, "fork: Resource temporarily unavailable", EAGAIN});
  pool.advance(20ms);
  BOOST_TEST(pool.take() == (lines{"start 0#0", "start 0#1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(deaths_from_outside_pause_ever_longer_until_work_is_done) {
  auto spec = spec_of(1, {.intensity = 0});
  spec.restart.backoff.initial = {}; // As a pool has it.
  auto pool = pool_harness{spec};
  pool.start_all();
  std::uint32_t incarnation = 0;
  const auto dies = [&](restart_excuse why) {
    pool.supervision().excuse({0}, {incarnation++}, why);
    pool.exits(0, exit_status::killed_by(SIGKILL));
  };
  const auto comes_back_after = [&](duration pause) {
    if (pause > 0ms) {
      pool.advance(pause - 1ms);
      BOOST_TEST(pool.take().empty());
      pool.advance(1ms);
    }
    BOOST_TEST(pool.take().size() == 1U);
    pool.ready(0);
  };
  for (const auto pause : {10ms, 20ms, 40ms, 80ms, 160ms, 250ms, 250ms}) {
    dies(restart_excuse::outside);
    comes_back_after(pause);
  }
  dies(restart_excuse::gets_on);
  comes_back_after(0ms);
  dies(restart_excuse::outside);
  comes_back_after(10ms);
  pool.advance(1s); // Up for so long, it is another story.
  dies(restart_excuse::outside);
  comes_back_after(10ms);
  // An excuse is one worker's.
  pool.supervision().excuse({0}, {incarnation - 1}, restart_excuse::outside);
  pool.exits(0, exit_status::killed_by(SIGKILL));
  BOOST_TEST(pool.pool().causes.size() == 1U);
}

const failure out_of_processes{errc::start_failed, "fork: Resource temporarily unavailable",
                               EAGAIN};

BOOST_AUTO_TEST_CASE(starts_that_fail_for_want_of_something_spend_no_budget) { // E6, E11.
  auto spec = spec_of(2, {.intensity = 1, .period = 1h});
  spec.restart.backoff.initial = {}; // As a pool has it: no pause after a crash.
  auto pool = pool_harness{spec};
  pool.start();
  pool.ready(1);
  (void)pool.take();
  auto pause = start_shortage::pause_min;
  for (int i = 0; i < 50; ++i) {
    pool.start_fails(0, out_of_processes);
    pool.advance(pause - 1ms);
    BOOST_TEST(pool.take().empty()); // Not at once, or 15 starts were gone in no time.
    pool.advance(1ms);
    BOOST_TEST(pool.take().size() == 1U);
    pause = std::min(2 * pause, start_shortage::pause_max);
  }
  BOOST_TEST(pool.status()[0].restarts == 0U);
  pool.ready(0);
  // The budget is whole, and the pauses are short again.
  pool.exits(0, segv);
  pool.advance(20ms);
  BOOST_TEST(pool.take() == (lines{"start 0#51"}), boost::test_tools::per_element());
  pool.start_fails(0, out_of_processes);
  pool.advance(start_shortage::pause_min);
  BOOST_TEST(pool.take().size() == 1U);
}

BOOST_AUTO_TEST_CASE(pool_without_a_worker_gives_up_a_shortage_in_the_end) { // E6.
  auto pool = pool_harness{spec_of(2)};
  pool.start();
  pool.start_fails(1, out_of_processes);
  for (int i = 0; i < 1000 && pool.pool().causes.empty(); ++i) {
    pool.start_fails(0, out_of_processes);
    if (pool.pool().causes.empty()) pool.advance(start_shortage::pause_max);
    if (!pool.pool().live.contains(slot_id{0})) break;
    if (pool.pool().live.contains(slot_id{1})) pool.start_fails(1, out_of_processes);
  }
  BOOST_REQUIRE(pool.pool().causes.size() == 1U);
  const auto& cause = pool.pool().causes[0];
  BOOST_TEST((cause.code == errc::start_failed));
  BOOST_TEST(cause.os_error == EAGAIN);
  for (const auto* part : {"parse/", "for 10s", "fork: Resource", "out of processes", "ulimit -u"})
    BOOST_TEST(cause.message.find(part) != std::string::npos, cause.message << " lacks " << part);
  BOOST_TEST(cause.message.find("restart.intensity") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(worker_that_is_never_ready_is_killed_and_counts) { // Case 29.
  auto spec = spec_of(1, {.intensity = 1, .period = 1h});
  spec.start.timeout = 500ms;
  auto pool = pool_harness{spec};
  pool.start();
  pool.advance(499ms);
  BOOST_TEST(pool.take() == (lines{"start 0#0"}), boost::test_tools::per_element());
  pool.advance(1ms);
  BOOST_TEST(pool.take() == (lines{"KILL 0#0"}), boost::test_tools::per_element());
  pool.ready(0); // Too late.
  pool.exits(0, exit_status::killed_by(SIGKILL));
  pool.advance(20ms);
  BOOST_TEST(pool.take() == (lines{"start 0#1"}), boost::test_tools::per_element());
  BOOST_TEST(pool.status()[0].restarts == 1U);
  pool.advance(500ms);
  pool.exits(0, exit_status::killed_by(SIGKILL));
  BOOST_TEST(pool.pool().causes.at(0).message.find("start.timeout") != std::string::npos);
}

// Each start takes longer than the period, so that the budget never sees two of them.
BOOST_AUTO_TEST_CASE(third_worker_in_a_row_that_is_never_ready_ends_the_pool) {
  auto spec = spec_of(1, {.period = 30s});
  spec.start.timeout = 35s;
  auto pool = pool_harness{spec};
  const auto times_out = [&] {
    pool.advance(35s);
    pool.exits(0, exit_status::killed_by(SIGKILL));
    pool.advance(1s);
  };
  pool.start();
  times_out();
  times_out();
  pool.ready(0); // A success: the row begins anew.
  pool.exits(0, code_3);
  pool.advance(1s);
  times_out();
  times_out();
  BOOST_TEST(pool.pool().causes.empty());
  times_out();
  BOOST_REQUIRE(pool.pool().causes.size() == 1U);
  const auto& text = pool.pool().causes[0].message;
  for (const auto* part : {"parse/0", "start.timeout (35s)", "3 times in a row"})
    BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
}

BOOST_AUTO_TEST_CASE(pool_none_of_whose_starts_works_ends_however_slowly_they_fail) {
  auto pool = pool_harness{spec_of(1, {.period = 30s})};
  pool.start();
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(pool.pool().causes.empty());
    pool.advance(25s);
    pool.exits(0, code_3);
    pool.advance(1s);
  }
  BOOST_REQUIRE(pool.pool().causes.size() == 1U);
  BOOST_TEST(pool.pool().causes[0].message.find("4 starts in a row") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(start_timeout_is_over_once_the_worker_is_ready) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.advance(24h);
  BOOST_TEST(pool.take().empty());
  BOOST_TEST(pool.state(0) == slot_state::ready);
}

BOOST_AUTO_TEST_CASE(gaps_grow_with_every_crash) { // Case 56.
  auto spec = spec_of(1, {.intensity = unlimited_restarts});
  spec.restart.backoff = {
      .initial = 100ms, .max = 400ms, .factor = 2, .jitter = 0, .reset_after = 60s};
  auto pool = pool_harness{spec};
  pool.start_all();
  for (const auto gap : {100ms, 200ms, 400ms, 400ms}) {
    pool.exits(0, code_3);
    pool.advance(gap - 1ms);
    BOOST_TEST(pool.take().empty());
    pool.advance(1ms);
    BOOST_TEST(pool.take().size() == 1U);
    pool.ready(0);
  }
  pool.advance(60s); // Up long enough.
  pool.exits(0, code_3);
  pool.advance(100ms);
  BOOST_TEST(pool.take().size() == 1U);
}

BOOST_AUTO_TEST_CASE(without_a_pause_the_restart_needs_no_timer) {
  auto spec = spec_of(1);
  spec.restart.backoff.initial = 0ms;
  auto pool = pool_harness{spec};
  pool.start_all();
  pool.exits(0, code_3);
  BOOST_TEST(pool.take() == (lines{"start 0#1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(events_of_older_incarnations_are_dropped_and_counted) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.exits(0, code_3);
  pool.advance(20ms);
  (void)pool.take();
  const auto old = incarnation_id{0};
  pool.supervision().on_ready(slot_id{0}, old);
  pool.supervision().on_drained(slot_id{0}, old);
  pool.supervision().on_exited(slot_id{0}, old, pool_harness::record(0, code_3));
  pool.supervision().on_start_failed(slot_id{0}, old, {errc::start_failed, "late", ENOENT});
  pool.supervision().recycle(slot_id{0}, old);
  pool.supervision().on_ready(slot_id{7}, old); // There is no such slot.
  pool.actors().run();
  BOOST_TEST(pool.take().empty());
  BOOST_TEST(pool.state(0) == slot_state::starting);
  BOOST_TEST(pool.stale_events() == 6U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
