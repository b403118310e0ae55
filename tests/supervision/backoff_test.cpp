// Goal: restarts of one slot come ever slower, up to a limit, and fast again after a good run.
// Method: ask the pure backoff for pauses; chance is an argument.

#include "troupe/supervision/backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <random>
#include <set>

namespace troupe {
namespace {

using namespace std::chrono_literals;

constexpr auto middle = 0.5;
constexpr auto never_ready = std::optional<duration>{};

backoff_spec plain(duration initial, duration longest, double jitter = 0.0) {
  return {.initial = initial, .max = longest, .factor = 2, .jitter = jitter, .reset_after = 60s};
}

BOOST_AUTO_TEST_SUITE(backoff_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(pauses_double_up_to_the_longest) { // Case 56.
  auto pauses = backoff{plain(100ms, 400ms)};
  for (const auto expected : {100ms, 200ms, 400ms, 400ms, 400ms})
    BOOST_TEST((pauses.next(never_ready, middle) == expected));
}

BOOST_AUTO_TEST_CASE(jitter_spreads_around_the_nominal_pause) { // Case 56.
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  auto random = std::mt19937{seed};
  auto draw = std::uniform_real_distribution{};
  auto pauses = backoff{plain(100ms, 100ms, 0.5)};
  auto seen = std::set<duration>{};
  for (int i = 0; i < 20; ++i) {
    const auto pause = pauses.next(never_ready, draw(random));
    BOOST_TEST((pause >= 50ms && pause <= 150ms), "seed " << seed);
    seen.insert(pause);
  }
  BOOST_TEST(seen.size() > 1U, "seed " << seed);
}

BOOST_AUTO_TEST_CASE(ends_of_the_jitter_are_reached) {
  BOOST_TEST((backoff{plain(100ms, 1s, 0.5)}.next(never_ready, 0.0) == 50ms));
  BOOST_TEST((backoff{plain(100ms, 1s, 0.5)}.next(never_ready, 1.0) == 150ms));
}

BOOST_AUTO_TEST_CASE(long_uptime_resets_and_short_does_not) {
  auto pauses = backoff{plain(100ms, 10s)};
  BOOST_TEST((pauses.next(never_ready, middle) == 100ms));
  BOOST_TEST((pauses.next(59s, middle) == 200ms));
  BOOST_TEST((pauses.next(60s, middle) == 100ms));
  BOOST_TEST((pauses.next(never_ready, middle) == 200ms));
}

BOOST_AUTO_TEST_CASE(worker_that_never_was_ready_resets_nothing) {
  auto spec = plain(100ms, 10s);
  spec.reset_after = 0s;
  auto pauses = backoff{spec};
  BOOST_TEST((pauses.next(never_ready, middle) == 100ms));
  BOOST_TEST((pauses.next(never_ready, middle) == 200ms));
  BOOST_TEST((pauses.next(0s, middle) == 100ms));
}

BOOST_AUTO_TEST_CASE(zero_means_at_once_for_ever) {
  auto pauses = backoff{plain(0s, 30s, 1.0)};
  for (int i = 0; i < 3; ++i) BOOST_TEST((pauses.next(never_ready, 1.0) == 0s));
}

BOOST_AUTO_TEST_CASE(odd_numbers_neither_overflow_nor_go_negative) {
  auto huge = backoff{{.initial = duration::max(),
                       .max = duration::max(),
                       .factor = std::numeric_limits<double>::max(),
                       .jitter = 7.0,
                       .reset_after = 1s}};
  auto negative =
      backoff{{.initial = -1s, .max = -1s, .factor = -3.0, .jitter = -1.0, .reset_after = 1s}};
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST((huge.next(never_ready, 2.0) > 24h));
    BOOST_TEST((negative.next(never_ready, -1.0) == 0s));
  }
}

BOOST_AUTO_TEST_CASE(initial_above_the_longest_is_cut) {
  BOOST_TEST((backoff{plain(10s, 1s)}.next(never_ready, middle) == 1s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
