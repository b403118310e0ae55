// Goal: the timers of supervisors end cleanly while they fire: nothing but the reactor's thread
// touches them. Method: real timers due at the instant of the end, many rounds.

#include "troupe/runtime/reactor_timers.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace troupe {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(reactor_timers_suite, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(a_callback_runs_once_and_not_early) {
  os::reactor reactor;
  const auto timers = std::make_shared<reactor_timers>(reactor);
  std::promise<time_point> fired;
  const auto start = clock::now();
  timers->schedule_after(10ms, [&] { fired.set_value(clock::now()); }); // Twice would throw.
  BOOST_TEST((fired.get_future().get() - start >= 10ms));
  timers->close();
}

// W18: the map was cleared by the thread that ended the last pool, while the reactor erased from
// it.
BOOST_AUTO_TEST_CASE(closing_while_timers_fire_calls_nothing_afterwards) {
  os::reactor reactor;
  for (int round = 0; round < 500; ++round) {
    const auto timers = std::make_shared<reactor_timers>(reactor);
    const auto is_open = std::make_shared<std::atomic<bool>>(true);
    const auto late_calls = std::make_shared<std::atomic<int>>(0);
    const auto calls = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 200; ++i) {
      timers->schedule_after(std::chrono::microseconds{i}, [=] {
        ++*calls;
        if (!is_open->load()) ++*late_calls;
      });
    }
    while (calls->load() == 0) std::this_thread::yield();
    timers->close();
    is_open->store(false);
    timers->schedule_after(0ns, [=] { ++*late_calls; });
    std::promise<void> turned;
    reactor.post([&] { turned.set_value(); });
    turned.get_future().wait();
    BOOST_REQUIRE(late_calls->load() == 0);
  }
}

BOOST_AUTO_TEST_CASE(what_waits_when_it_closes_is_dropped) {
  os::reactor reactor;
  const auto timers = std::make_shared<reactor_timers>(reactor);
  const auto kept = std::make_shared<int>(1);
  timers->schedule_after(std::chrono::hours{1}, [kept] {});
  timers->schedule_after(duration::max(), [kept] {});
  timers->close();
  while (kept.use_count() > 1)
    std::this_thread::yield(); // The reactor lets go of them in its turn.
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
