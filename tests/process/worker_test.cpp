// Goal: a worker runs a function of this program with what the request gave it, and its end is told
// once and rightly.
// Method: real workers of this test's own image.

#include "support/launch_fixture.hpp"
#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <unistd.h>

namespace troupe {
namespace {

using descriptors = std::span<os::fd>;
using bytes = std::span<const std::byte>;
using test::launch_fixture;

int returns_3(descriptors, bytes) { return 3; }
int kills_itself(descriptors, bytes) { return ::kill(::getpid(), SIGTERM); }
int throws(descriptors, bytes) { throw std::runtime_error{"no luck"}; }

BOOST_AUTO_TEST_SUITE(worker_suite, *boost::unit_test::timeout(20))

BOOST_FIXTURE_TEST_CASE(return_value_is_the_exit_code, launch_fixture) {
  const auto worker = start_worker(returns_3);
  const auto record = worker->exited();
  BOOST_TEST((record.status == exit_status::exited_with(3)));
  BOOST_TEST(record.pid > 0);
  BOOST_TEST(record.name == "test/0");
}

BOOST_FIXTURE_TEST_CASE(signal_is_told_as_a_signal, launch_fixture) {
  BOOST_TEST((start_worker(kills_itself)->exited().status == exit_status::killed_by(SIGTERM)));
}

BOOST_FIXTURE_TEST_CASE(uncaught_exception_is_printed_and_exits_with_1, launch_fixture) {
  const auto record = start_worker(throws)->exited();
  BOOST_TEST((record.status == exit_status::exited_with(1)));
  BOOST_TEST_REQUIRE(record.stderr_tail.size() == 1);
  BOOST_TEST(record.stderr_tail[0].find("no luck") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
