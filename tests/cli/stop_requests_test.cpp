// Goal: a second wish to stop kills, and one wish that comes as several signals does not.
// Method: signals with made-up instants.

#include "troupe/cli/stop_requests.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

namespace troupe::cli {
namespace {

using namespace std::chrono_literals;
using meaning = stop_requests::meaning;

constexpr time_point start{1h};

bool gives(stop_requests& requests, meaning wanted, int number, duration after,
           bool is_from_terminal = false) {
  return requests.take({number, is_from_terminal, start + after}) == wanted;
}

BOOST_AUTO_TEST_SUITE(stop_requests_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(the_first_stops_and_one_from_later_on_kills_once) {
  for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
    for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
      stop_requests requests;
      BOOST_TEST(gives(requests, meaning::stop, first, 0s));
      BOOST_TEST(!requests.is_kill_asked());
      BOOST_TEST(gives(requests, meaning::kill, second, stop_requests::echo_time));
      BOOST_TEST(requests.is_kill_asked());
      BOOST_TEST(gives(requests, meaning::nothing, second, 1min));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_comes_right_behind_the_first_is_its_echo) {
  for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
    for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
      stop_requests requests;
      BOOST_TEST(gives(requests, meaning::stop, first, 0s, first == SIGINT));
      BOOST_TEST(gives(requests, meaning::nothing, second, 0s));
      BOOST_TEST(gives(requests, meaning::nothing, second, stop_requests::echo_time - 1us));
      // Measured from the first: echoes do not put it off.
      BOOST_TEST(gives(requests, meaning::kill, second, stop_requests::echo_time));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_key_counts_at_once) {
  stop_requests requests;
  BOOST_TEST(!requests.second_counts_from().has_value());
  BOOST_TEST(gives(requests, meaning::stop, SIGTERM, 0s));
  BOOST_TEST((requests.second_counts_from() == start + stop_requests::echo_time));
  BOOST_TEST(gives(requests, meaning::kill, SIGINT, 1ms, true));
}

BOOST_AUTO_TEST_CASE(a_terminal_that_goes_is_no_key) {
  stop_requests requests;
  BOOST_TEST(gives(requests, meaning::stop, SIGHUP, 0s));
  BOOST_TEST(gives(requests, meaning::nothing, SIGHUP, 1ms, true));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::cli
