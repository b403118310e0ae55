// Goal: starts that fail again and again end, however long each of them takes.
// Method: failures and successes one by one; no clock.

#include "troupe/supervision/failed_starts.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

namespace troupe {
namespace {

constexpr auto go_on = failed_start_verdict::go_on;
constexpr auto too_slow = failed_start_verdict::too_slow;
constexpr auto always_fails = failed_start_verdict::always_fails;

failed_starts default_budget(std::uint32_t replicas) {
  return failed_starts{{}, replicas, 3 * replicas};
}

failed_starts set_budget(std::uint32_t intensity) {
  return failed_starts{{.intensity = intensity}, 1, intensity};
}

BOOST_AUTO_TEST_SUITE(failed_starts_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(third_slow_start_in_a_row_is_the_last) {
  auto starts = default_budget(1);
  BOOST_TEST((starts.note(slot_id{0}, true) == go_on));
  BOOST_TEST((starts.note(slot_id{0}, true) == go_on));
  BOOST_TEST((starts.note(slot_id{0}, true) == too_slow));
  BOOST_TEST(starts.slow(slot_id{0}) == 3U);
}

BOOST_AUTO_TEST_CASE(success_begins_the_row_anew) {
  auto starts = default_budget(1);
  for (int round = 0; round < 100; ++round) {
    BOOST_TEST((starts.note(slot_id{0}, true) == go_on));
    BOOST_TEST((starts.note(slot_id{0}, true) == go_on));
    starts.clear();
    BOOST_TEST(starts.failed() == 0U);
  }
}

BOOST_AUTO_TEST_CASE(slots_are_slow_each_for_itself) {
  auto starts = default_budget(4);
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t slot = 0; slot < 4; ++slot)
      BOOST_TEST((starts.note(slot_id{slot}, true) == go_on));
  }
  BOOST_TEST((starts.note(slot_id{2}, true) == too_slow));
}

BOOST_AUTO_TEST_CASE(crashes_of_all_starts_end_a_pool_with_the_default_budget) {
  auto starts = default_budget(2);
  for (std::uint32_t i = 0; i < 6; ++i) BOOST_TEST((starts.note(slot_id{i % 2}, false) == go_on));
  BOOST_TEST((starts.note(slot_id{0}, false) == always_fails));
  BOOST_TEST(starts.failed() == 7U);
}

BOOST_AUTO_TEST_CASE(budget_that_was_set_keeps_its_number) {
  auto small = set_budget(0);
  BOOST_TEST((small.note(slot_id{0}, true) == go_on)); // Its window may refuse it.
  BOOST_TEST((small.note(slot_id{0}, true) == go_on));
  BOOST_TEST((small.note(slot_id{0}, true) == too_slow));
  auto large = set_budget(5);
  for (int i = 0; i < 5; ++i) BOOST_TEST((large.note(slot_id{0}, true) == go_on));
  BOOST_TEST((large.note(slot_id{0}, true) == too_slow));
  auto crashing = set_budget(2);
  for (int i = 0; i < 100; ++i) BOOST_TEST((crashing.note(slot_id{0}, false) == go_on));
}

BOOST_AUTO_TEST_CASE(unlimited_restarts_have_no_limit_here_either) {
  auto starts = set_budget(unlimited_restarts);
  for (int i = 0; i < 1000; ++i) BOOST_TEST((starts.note(slot_id{0}, true) == go_on));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
