// Goal: of each worker that ends unasked one line says who, why, how often and what next; of many
// in a second some are told, and how many were not.
// Method: the decision alone, with a clock of numbers and by chance; then a pool of pretended
// workers, with messages and clock turned by hand.

#include "pool_harness.hpp"

#include "troupe/supervision/restart_line.hpp"
#include "troupe/supervision/restart_log_rate.hpp"
#include "troupe/supervision/start_shortage.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kill = exit_status::killed_by(SIGKILL);
constexpr auto segv = exit_status::killed_by(SIGSEGV);
constexpr auto lines_max = restart_log_rate::lines_max;

BOOST_AUTO_TEST_SUITE(restart_log_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(so_many_a_second_are_told_and_the_others_counted) {
  restart_log_rate rate;
  const time_point start{100s};
  for (std::uint32_t i = 0; i < lines_max; ++i) BOOST_TEST(rate.note(start + i * 1ms).is_told);
  const auto first = rate.note(start + 400ms);
  BOOST_TEST(!first.is_told);
  BOOST_TEST((first.look_after == 600ms));
  const auto second = rate.note(start + 999ms);
  BOOST_TEST(!second.is_told);
  BOOST_TEST(!second.look_after.has_value());
  BOOST_TEST(rate.take_left_out() == 2U);
  BOOST_TEST(rate.take_left_out() == 0U);
  BOOST_TEST(rate.note(start + 1s).is_told);
}

BOOST_AUTO_TEST_CASE(a_restart_now_and_then_is_always_told) {
  restart_log_rate rate;
  for (int i = 0; i < 1000; ++i) {
    const auto answer = rate.note(time_point{i * 101ms});
    BOOST_TEST((answer.is_told && !answer.look_after));
  }
}

// Whatever the times: each is told or counted, no two windows overlap, and whenever some are left
// out exactly one look is under way.
BOOST_AUTO_TEST_CASE(none_is_lost_and_no_second_is_too_full) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random{seed};
    restart_log_rate rate;
    time_point now{};
    std::vector<time_point> told;
    std::uint64_t counted = 0;
    constexpr auto no_look = time_point::max();
    auto look = no_look;
    constexpr std::size_t restarts = 500;
    for (std::size_t i = 0; i < restarts; ++i) {
      now += std::chrono::microseconds{random() % (1U << (random() % 20))};
      if (look <= now) {
        const auto left_out = rate.take_left_out();
        BOOST_TEST(left_out > 0U);
        counted += left_out;
        look = no_look;
      }
      const auto answer = rate.note(now);
      if (answer.is_told) told.push_back(now);
      BOOST_TEST(!(answer.look_after && (look != no_look || answer.is_told)), "seed " << seed);
      if (answer.look_after) look = now + *answer.look_after;
      if (!answer.is_told) BOOST_TEST((look != no_look), "seed " << seed);
    }
    BOOST_TEST(told.size() + counted + rate.take_left_out() == restarts, "seed " << seed);
    // A span of a second touches two windows at most.
    for (std::size_t i = 2 * lines_max; i < told.size(); ++i)
      BOOST_TEST((told[i] - told[i - 2 * lines_max] >= restart_log_rate::window), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(each_restart_is_told_with_who_why_how_often_and_what_next) {
  auto pool = pool_harness{spec_of(2)};
  pool.start_all();
  pool.exits(1, segv);
  BOOST_TEST(pool.take_log() ==
                 (lines{"worker parse/1 (pid 4711) died of signal SEGV; restart 1 in 20ms (1 of 6 "
                        "that restart.intensity allows in 30s)"}),
             boost::test_tools::per_element());
  pool.advance(20ms);
  pool.ready(1);
  pool.exits(1, exit_status::exited_with(3));
  BOOST_TEST(pool.take_log() ==
                 (lines{"worker parse/1 (pid 4711) ended with exit code 3; restart 2 in 20ms (2 of "
                        "6 that restart.intensity allows in 30s)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_the_pool_killed_it_for_is_told) {
  for (const auto reason :
       {end_reason::message_timeout, end_reason::task_timeout, end_reason::protocol_error,
        end_reason::corrupt_answer, end_reason::unresponsive}) {
    auto pool = pool_harness{spec_of(1, {.intensity = 1})};
    pool.start_all();
    for (const auto* next : {"; restart 1 in 20ms (1 of 1", "; its pool gives up"}) {
      const auto incarnation = pool.pool().live.at(slot_id{0});
      pool.supervision().note_reason({0}, incarnation, reason);
      pool.exits(0, kill);
      const auto told = pool.take_log();
      BOOST_REQUIRE(told.size() == 1U);
      BOOST_TEST(told[0].starts_with("worker parse/0 (pid 4711) was killed: "), told[0]);
      BOOST_TEST(told[0].find(to_string(reason)) != std::string::npos, told[0]);
      BOOST_TEST(told[0].find(next) != std::string::npos, told[0]);
      pool.advance(20ms);
      if (pool.pool().causes.empty()) pool.ready(0);
    }
    BOOST_TEST(pool.pool().causes.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(an_end_that_does_not_count_is_told_as_such) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.supervision().excuse({0}, {0}, restart_excuse::gets_on);
  pool.exits(0, kill);
  pool.ready(0);
  pool.supervision().excuse({0}, {1}, restart_excuse::outside);
  pool.exits(0, kill);
  pool.advance(20ms);
  pool.ready(0);
  pool.goes_with_zygote(0);
  BOOST_TEST(pool.take_log() ==
                 (lines{"worker parse/0 (pid 4711) died of signal KILL; restart 1 at once (not "
                        "counted: the pool gets on)",
                        "worker parse/0 (pid 4711) died of signal KILL; restart 2 in 20ms (not "
                        "counted: somebody outside has killed it)",
                        "worker parse/0 (pid 4711) died of signal KILL; restart 3 in 20ms (not "
                        "counted: it went with its zygote)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(starts_that_fail_are_told) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.exits(0, segv);
  pool.advance(20ms);
  (void)pool.take_log();
  pool.start_fails(0, failure{errc::start_failed, "out of processes", EAGAIN});
  pool.advance(start_shortage::pause_min);
  pool.start_fails(0, failure{errc::start_failed, "no such program", ENOENT});
  BOOST_TEST(pool.take_log() ==
                 (lines{"worker parse/0 could not be started: out of processes; tried again in "
                        "20ms",
                        "worker parse/0 could not be started: no such program; restart 2 in 20ms "
                        "(2 of 3 that restart.intensity allows in 30s)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_slot_that_stays_empty_is_told) {
  auto pool = pool_harness{spec_of(2, {.policy = restart_type::temporary})};
  pool.start_all();
  pool.exits(0, segv);
  BOOST_TEST(pool.take_log() ==
                 (lines{"worker parse/0 (pid 4711) died of signal SEGV; it is not started again"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_ordered_is_not_told) {
  auto pool = pool_harness{spec_of(2)};
  pool.start_all();
  pool.supervision().note_reason({0}, {0}, end_reason::chaos);
  pool.exits(0, kill);
  pool.advance(20ms);
  pool.ready(0);
  pool.recycle(1);
  pool.drained(1);
  pool.exits(1, exit_status::exited_with(0));
  pool.ready(1);
  pool.stop(stop_mode::quick);
  pool.exits(1, kill);
  pool.exits(0, kill);
  BOOST_TEST(pool.take_log() == lines{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(many_in_a_second_are_told_by_their_number) {
  auto pool = pool_harness{spec_of(50, {.intensity = 1000})};
  pool.start_all();
  for (std::uint32_t slot = 0; slot < 50; ++slot) pool.exits(slot, kill);
  BOOST_TEST(pool.take_log().size() == lines_max);
  pool.advance(restart_log_rate::window - 1ms);
  BOOST_TEST(pool.take_log() == lines{}, boost::test_tools::per_element());
  pool.advance(1ms);
  BOOST_TEST(pool.take_log() ==
                 (lines{"pool 'parse': 40 more ends of workers were not told one by one"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_not_told_is_told_when_the_pool_ends) {
  auto pool = pool_harness{spec_of(11, {.intensity = 1000})};
  pool.start_all();
  for (std::uint32_t slot = 0; slot < 11; ++slot) pool.exits(slot, kill);
  BOOST_TEST(pool.take_log().size() == lines_max);
  pool.stop(stop_mode::quick);
  const lines one{"pool 'parse': 1 more end of a worker was not told one by one"};
  BOOST_TEST(pool.take_log() == one, boost::test_tools::per_element());
  pool.advance(restart_log_rate::window);
  BOOST_TEST(pool.take_log() == lines{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
