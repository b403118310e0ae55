// Goal: the rules by which a task finds its worker, one by one. Method: the pure functions on
// made-up loads.

#include "troupe/pool/function_profile.hpp"
#include "troupe/pool/scheduler.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>

namespace troupe {
namespace {

using namespace scheduler;

constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t short_ns = 100;
constexpr std::int64_t long_ns = 1'000'000;

worker_load idle() {
  return {.can_take = true};
}
worker_load asleep() {
  return {.can_take = true, .is_asleep = true};
}
worker_load busy(std::int64_t queued_ns, std::uint32_t in_flight = 1) {
  return {.queued_ns = queued_ns, .in_flight = in_flight, .can_take = true};
}

std::size_t choose_for(std::array<worker_load, 2> loads, std::int64_t estimate_ns,
                       bool has_spare_core = true) {
  return choose(loads, estimate_ns, wake_cost(estimate_ns, has_spare_core), no_limit);
}

BOOST_AUTO_TEST_SUITE(scheduler_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(nobody_gets_a_task_who_cannot_take_one) {
  auto stopped = idle();
  stopped.can_take = false;
  BOOST_TEST(choose_for({stopped, stopped}, short_ns) == nobody);
  BOOST_TEST(choose_for({stopped, idle()}, short_ns) == 1u);
}

BOOST_AUTO_TEST_CASE(the_limit_of_tasks_in_flight_holds) {
  const std::array loads{busy(short_ns, 3)};
  BOOST_TEST(choose(loads, short_ns, wake_cost_ns, 3) == nobody);
  BOOST_TEST(choose(loads, short_ns, wake_cost_ns, 4) == 0u);
}

BOOST_AUTO_TEST_CASE(short_tasks_are_packed_on_a_worker_that_is_awake) {
  BOOST_TEST(choose_for({busy(wake_cost_ns / 2), asleep()}, short_ns) == 0u);
  BOOST_TEST(choose_for({busy(wake_cost_ns + 1), asleep()}, short_ns) == 1u);
}

BOOST_AUTO_TEST_CASE(with_every_core_in_use_they_are_packed_for_longer) {
  BOOST_TEST(choose_for({busy(wake_cost_ns + 1), asleep()}, short_ns, false) == 0u);
  BOOST_TEST(choose_for({busy(packed_ns + 1), asleep()}, short_ns, false) == 1u);
}

BOOST_AUTO_TEST_CASE(long_tasks_are_spread_however_many_cores_there_are) {
  for (const bool has_spare_core : {false, true}) {
    BOOST_TEST(choose_for({busy(long_ns), asleep()}, long_ns, has_spare_core) == 1u);
  }
}

BOOST_AUTO_TEST_CASE(work_is_given_ahead_only_so_far) {
  BOOST_TEST(choose_for({busy(ahead_ns, 100), busy(ahead_ns, 100)}, short_ns) == nobody);
  BOOST_TEST(choose_for({busy(ahead_ns - short_ns, 100), busy(ahead_ns, 100)}, short_ns) == 0u);
}

BOOST_AUTO_TEST_CASE(everybody_holds_one_task_to_go_on_with_however_long_they_are) {
  BOOST_TEST(choose_for({busy(10 * ahead_ns, 1), busy(ahead_ns, 2)}, long_ns) == 0u);
  BOOST_TEST(choose_for({busy(10 * ahead_ns, 2), busy(ahead_ns, 2)}, long_ns) == nobody);
}

BOOST_AUTO_TEST_CASE(a_stalled_worker_is_the_last_choice) {
  auto stalled = busy(0);
  stalled.is_stalled = true;
  BOOST_TEST(choose_for({stalled, busy(ahead_ns - long_ns)}, long_ns) == 1u);
  auto full = busy(10 * ahead_ns, 2);
  BOOST_TEST(choose_for({stalled, full}, long_ns) == 0u);
}

BOOST_AUTO_TEST_CASE(a_profile_starts_with_its_first_sample_and_follows_later_ones) {
  function_profile profile;
  BOOST_TEST(profile.estimate_ns == function_profile::unknown_ns);
  profile.learn(duration{1000});
  BOOST_TEST(profile.estimate_ns == 1000);
  profile.learn(duration{2000});
  BOOST_TEST(profile.estimate_ns == 1250);
  profile.learn(duration{0}); // Nothing takes no time at all.
  BOOST_TEST(profile.estimate_ns > 0);
}

BOOST_AUTO_TEST_CASE(two_functions_in_one_place_do_not_share_an_estimate) {
  profile_table table;
  table.of(7).learn(duration{50});
  BOOST_TEST(table.of(7).estimate_ns == 50);
  for (std::uint64_t key = 1000; key < 3000; ++key) (void)table.of(key);
  BOOST_TEST(table.of(7).estimate_ns == function_profile::unknown_ns);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
