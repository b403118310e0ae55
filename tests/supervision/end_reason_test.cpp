// Goal: a supervisor tells why each worker ended, as far as it knows.
// Method: a pool of pretended workers, with messages and clock turned by hand.

#include "pool_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(end_reason_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(what_nobody_ordered_it_did_by_itself) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  BOOST_TEST(pool.status()[0].last_exit.name.empty());
  pool.exits(0, exit_status::killed_by(SIGKILL));
  const auto after_death = pool.status()[0];
  BOOST_TEST((after_death.last_reason == end_reason::by_itself));
  BOOST_TEST(after_death.last_incarnation.value == 0U);
  pool.advance(20ms);
  // The next one lives; what is told is still the end of the one before.
  const auto after_restart = pool.status()[0];
  BOOST_TEST(after_restart.incarnation.value == 1U);
  BOOST_TEST(after_restart.last_incarnation.value == 0U);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_recycled) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.recycle(0);
  pool.drained(0);
  pool.exits(0, exit_status::exited_with(0));
  BOOST_TEST((pool.status()[0].last_reason == end_reason::recycled));
}

BOOST_AUTO_TEST_CASE(what_the_pool_ordered_counts_for_that_worker_only) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.supervision().note_reason({0}, {0}, end_reason::message_timeout);
  pool.supervision().note_reason({0}, {0}, end_reason::chaos); // It is dying already.
  pool.exits(0, exit_status::killed_by(SIGKILL));
  BOOST_TEST((pool.status()[0].last_reason == end_reason::message_timeout));
  pool.advance(20ms);
  pool.ready(0);
  pool.supervision().note_reason({0}, {0}, end_reason::unresponsive); // Late: of the one before.
  pool.exits(0, exit_status::killed_by(SIGKILL));
  BOOST_TEST((pool.status()[0].last_reason == end_reason::by_itself));
}

BOOST_AUTO_TEST_CASE(every_reason_has_a_word) {
  for (int i = 0; i <= static_cast<int>(end_reason::chaos); ++i) {
    BOOST_TEST(to_string(static_cast<end_reason>(i)) != "?");
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_stopped) {
  auto pool = pool_harness{spec_of(2)};
  pool.start_all();
  pool.stop(stop_mode::quick);
  pool.exits(1, exit_status::killed_by(SIGTERM));
  BOOST_TEST((pool.status()[1].last_reason == end_reason::stopped));
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_not_ready_in_time) {
  auto spec = spec_of(1);
  spec.start.timeout = 500ms;
  auto pool = pool_harness{spec};
  pool.start();
  pool.advance(500ms);
  pool.exits(0, exit_status::killed_by(SIGKILL));
  BOOST_TEST((pool.status()[0].last_reason == end_reason::start_timeout));
}

BOOST_AUTO_TEST_CASE(a_worker_that_cannot_be_started) {
  auto pool = pool_harness{spec_of(1)};
  pool.start_all();
  pool.exits(0, exit_status::exited_with(1));
  pool.advance(20ms);
  pool.start_fails(0, failure{errc::start_failed, "out of processes"});
  const auto status = pool.status()[0];
  BOOST_TEST((status.last_reason == end_reason::start_failed));
  BOOST_TEST(status.last_incarnation.value == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
