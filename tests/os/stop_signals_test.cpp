// Goal: stop signals are counted while somebody wants them, and act as before afterwards.
// Method: raise them in this process.

#include "troupe/os/poll.hpp"
#include "troupe/os/stop_signals.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

namespace troupe::os {
namespace {

bool has_rung(const stop_signals& signals) {
  poll_set watched;
  const auto place = watched.add(signals.bell().descriptor().get());
  watched.wait(deadline::now());
  return watched.is_readable(place);
}

void (*disposition_of(int number))(int) {
  struct sigaction now {};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler;
}

BOOST_AUTO_TEST_SUITE(stop_signals_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(each_signal_is_counted_once) {
  stop_signals signals;
  BOOST_TEST(!has_rung(signals));
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::raise(number);
    BOOST_TEST(has_rung(signals));
    BOOST_TEST(signals.take() == 1);
    BOOST_TEST(!has_rung(signals));
  }
  ::raise(SIGINT);
  ::raise(SIGINT);
  BOOST_TEST(signals.take() == 2);
  BOOST_TEST(signals.take() == 0);
}

BOOST_AUTO_TEST_CASE(the_former_dispositions_come_back) {
  const auto before = disposition_of(SIGINT);
  { const stop_signals signals; }
  BOOST_TEST((disposition_of(SIGINT) == before));
}

BOOST_AUTO_TEST_CASE(what_was_ignored_stays_ignored_but_term) {
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  {
    stop_signals signals;
    ::raise(SIGHUP);
    BOOST_TEST(signals.take() == 0);
    ::raise(SIGTERM);
    BOOST_TEST(signals.take() == 1);
  }
  std::signal(SIGHUP, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
