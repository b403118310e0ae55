// Goal: that zygotes die spends no restart budget, however many workers each takes along; only when
// they never stop dying does the pool end.
// Method: deaths at chosen instants, and by chance; no process, no actor.

#include "troupe/supervision/zygote_deaths.hpp"

#include "troupe/supervision/give_up_cause.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

constexpr auto row_max = zygote_deaths::row_max;
constexpr auto just_short = zygote_deaths::uptime_long - 1ns;

bool goes_on(zygote_deaths& deaths, std::uint32_t slot, time_point now, duration uptime = {}) {
  return deaths.note(slot_id{slot}, now, uptime) == zygote_death_verdict::go_on;
}

// All workers of a pool go with one zygote and come back.
bool outlives(zygote_deaths& deaths, std::uint32_t replicas, time_point now, duration uptime = {}) {
  bool out = true;
  for (std::uint32_t i = 0; i < replicas; ++i) out = goes_on(deaths, i, now, uptime) && out;
  for (std::uint32_t i = 0; i < replicas; ++i) deaths.note_launch(slot_id{i});
  return out;
}

zygote_deaths of(std::uint32_t replicas, bool is_unlimited = false) {
  auto deaths = zygote_deaths{replicas, is_unlimited};
  for (std::uint32_t i = 0; i < replicas; ++i) deaths.note_launch(slot_id{i});
  return deaths;
}

BOOST_AUTO_TEST_SUITE(zygote_deaths_suite, *boost::unit_test::timeout(30))

BOOST_AUTO_TEST_CASE(a_death_is_counted_once_however_many_workers_it_takes) {
  auto deaths = of(100);
  BOOST_TEST(outlives(deaths, 100, time_point{}));
  BOOST_TEST(deaths.count() == 1U);
}

// However slow the machine is at starting them.
BOOST_AUTO_TEST_CASE(a_row_of_deaths_ends_whatever_time_it_takes) {
  for (const duration step : {duration{1ms}, duration{1h}}) {
    auto deaths = of(3);
    for (std::uint32_t i = 0; i < row_max; ++i)
      BOOST_TEST(outlives(deaths, 3, time_point{i * step}, just_short));
    BOOST_TEST(!outlives(deaths, 3, time_point{row_max * step}, just_short));
    BOOST_TEST(deaths.count() == row_max + 1);
    BOOST_TEST((deaths.span() == row_max * step));
    BOOST_TEST(!outlives(deaths, 3, time_point{row_max * step}, just_short));
    BOOST_TEST(deaths.count() == row_max + 1);
  }
}

BOOST_AUTO_TEST_CASE(all_workers_of_one_death_have_one_verdict) {
  auto deaths = of(2);
  for (std::uint32_t i = 0; i < row_max; ++i) BOOST_TEST(outlives(deaths, 2, time_point{}));
  BOOST_TEST(!goes_on(deaths, 0, time_point{}));
  BOOST_TEST(!goes_on(deaths, 1, time_point{}));
}

BOOST_AUTO_TEST_CASE(workers_that_were_up_for_long_enough_are_killed_for_ever) {
  auto deaths = of(2);
  for (int i = 0; i < 10'000; ++i)
    BOOST_TEST(outlives(deaths, 2, time_point{i * 1s}, zygote_deaths::uptime_long));
  BOOST_TEST(deaths.count() <= 1U);
}

BOOST_AUTO_TEST_CASE(deaths_are_forgotten_when_the_pool_gets_on) {
  auto deaths = of(1);
  for (int round = 0; round < 5; ++round) {
    for (std::uint32_t i = 0; i < row_max; ++i) BOOST_TEST(outlives(deaths, 1, time_point{}));
    deaths.clear();
  }
}

BOOST_AUTO_TEST_CASE(without_a_limit_of_restarts_there_is_none) {
  auto deaths = of(1, true);
  for (int i = 0; i < 1000; ++i) BOOST_TEST(outlives(deaths, 1, time_point{}));
}

// Whoever is launched when, and whose end is told late: no death is counted twice, and where they
// never stop, the limit is reached after so many ends of each slot at most.
BOOST_AUTO_TEST_CASE(every_order_of_ends_and_launches_is_bounded) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random{seed};
    const std::uint32_t replicas = 1 + random() % 8;
    auto deaths = of(replicas);
    std::vector<bool> is_up(replicas, true);
    std::size_t ends = 0;
    for (bool is_over = false; !is_over;) {
      const auto counted = deaths.count();
      for (std::uint32_t i = 0; i < replicas; ++i) {
        if (!is_up[i] || is_over) continue;
        is_up[i] = false;
        ++ends;
        is_over = !goes_on(deaths, i, time_point{});
      }
      BOOST_TEST(deaths.count() <= counted + 1, "seed " << seed);
      for (std::uint32_t i = 0; i < replicas; ++i) {
        if (is_up[i] || random() % 2 == 0) continue;
        is_up[i] = true;
        deaths.note_launch(slot_id{i});
      }
      BOOST_TEST_REQUIRE(ends <= (row_max + 1) * replicas, "seed " << seed);
    }
    BOOST_TEST(deaths.count() == row_max + 1, "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(the_text_names_the_zygote_and_what_to_do) {
  auto deaths = of(1);
  (void)outlives(deaths, 1, time_point{1s});
  (void)outlives(deaths, 1, time_point{4500ms});
  const auto cause = zygotes_always_die("parse", deaths);
  for (const auto* part : {"pool 'parse' gave up", "the zygote", "died 2 times in 4s", "Look who"})
    BOOST_TEST(cause.message.find(part) != std::string::npos, cause.message);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
