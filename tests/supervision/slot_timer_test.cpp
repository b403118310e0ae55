// Goal: a timer that cannot be cancelled goes off once, on time, and does not pile up wake-ups.
// Method: a pretended service that brings wake-ups in order of their instants.

#include "troupe/supervision/slot_timer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace troupe {
namespace {

using namespace std::chrono_literals;

time_point at(duration when) {
  return time_point{} + when;
}

BOOST_AUTO_TEST_SUITE(slot_timer_suite, *boost::unit_test::timeout(30))

BOOST_AUTO_TEST_CASE(goes_off_once) {
  auto timer = slot_timer{};
  BOOST_TEST(timer.set(at(5s)));
  BOOST_TEST(timer.on_wake(at(5s), at(5s)).is_due);
  BOOST_TEST(!timer.on_wake(at(5s), at(6s)).is_due);
}

BOOST_AUTO_TEST_CASE(cleared_timer_does_not_go_off) {
  auto timer = slot_timer{};
  BOOST_TEST(timer.set(at(5s)));
  timer.clear();
  BOOST_TEST((timer.on_wake(at(5s), at(5s)) == slot_timer::answer{}));
}

BOOST_AUTO_TEST_CASE(later_instant_uses_the_wake_up_on_its_way) {
  auto timer = slot_timer{};
  BOOST_TEST(timer.set(at(5s)));
  BOOST_TEST(!timer.set(at(8s)));
  const auto early = timer.on_wake(at(5s), at(5s));
  BOOST_TEST(!early.is_due);
  BOOST_TEST((early.wake_again == at(8s)));
  BOOST_TEST(timer.on_wake(at(8s), at(8s)).is_due);
}

BOOST_AUTO_TEST_CASE(earlier_instant_needs_a_wake_up_of_its_own) {
  auto timer = slot_timer{};
  BOOST_TEST(timer.set(at(30s)));
  BOOST_TEST(timer.set(at(1s)));
  BOOST_TEST(timer.on_wake(at(1s), at(1s)).is_due);
  BOOST_TEST(!timer.set(at(31s)));
  BOOST_TEST((timer.on_wake(at(30s), at(30s)).wake_again == at(31s)));
}

BOOST_AUTO_TEST_CASE(crash_loop_keeps_few_wake_ups_on_the_way_and_is_never_late) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  auto random = std::mt19937{seed};
  auto timer = slot_timer{};
  auto service = std::multiset<time_point>{};
  auto now = time_point{};
  auto due = std::optional<time_point>{};
  std::size_t most = 0;
  for (int i = 0; i < 20'000; ++i) {
    // The four waits of a slot: start timeout, pause, drain, stop timeout.
    constexpr duration waits[] = {30s, 20ms, 5s, 10s};
    const auto choice = std::uniform_int_distribution<std::size_t>{0, 4}(random);
    if (choice == 4) {
      timer.clear();
      due.reset();
    } else {
      due = now + waits[choice];
      if (timer.set(*due)) service.insert(*due);
    }
    most = std::max(most, service.size());
    const auto until =
        now + std::chrono::milliseconds{std::uniform_int_distribution{0, 100}(random)};
    while (!service.empty() && *service.begin() <= until) {
      now = *service.begin();
      service.erase(service.begin());
      const auto answer = timer.on_wake(now, now);
      BOOST_TEST(answer.is_due == (due && *due <= now), "seed " << seed);
      if (answer.is_due) {
        BOOST_TEST((due == now), "late; seed " << seed);
        due.reset();
      }
      if (answer.wake_again) service.insert(*answer.wake_again);
    }
    now = until;
  }
  BOOST_TEST(most <= 8U, "seed " << seed << ": " << most);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
