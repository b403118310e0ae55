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

BOOST_AUTO_TEST_CASE(each_signal_is_noted_once) {
  stop_signals signals;
  BOOST_TEST(!has_rung(signals));
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::raise(number);
    BOOST_TEST(has_rung(signals));
    BOOST_TEST(signals.take().size() == 1U);
    BOOST_TEST(!has_rung(signals));
  }
  ::raise(SIGINT);
  ::raise(SIGINT);
  BOOST_TEST(signals.take().size() == 2U);
  BOOST_TEST(signals.take().empty());
}

BOOST_AUTO_TEST_CASE(each_signal_is_told_with_its_number_and_time_and_sender) {
  stop_signals signals;
  const auto before = clock::now() - std::chrono::microseconds{1};
  ::raise(SIGTERM);
  ::raise(SIGHUP);
  const auto got = signals.take();
  BOOST_REQUIRE(got.size() == 2U);
  BOOST_TEST(got[0].number == SIGTERM);
  BOOST_TEST(got[1].number == SIGHUP);
  BOOST_TEST((got[0].when >= before && got[1].when >= got[0].when && got[1].when <= clock::now()));
  BOOST_TEST(!got[0].is_from_terminal);
}

BOOST_AUTO_TEST_CASE(more_than_can_be_kept_are_borne) {
  stop_signals signals;
  for (std::size_t i = 0; i < 3 * stop_signals::kept_max; ++i) ::raise(SIGINT);
  BOOST_TEST(signals.take().size() == stop_signals::kept_max);
  ::raise(SIGINT);
  BOOST_TEST(signals.take().size() == 1U);
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
    BOOST_TEST(signals.take().empty());
    ::raise(SIGTERM);
    BOOST_TEST(signals.take().size() == 1U);
  }
  std::signal(SIGHUP, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
