// Goal: slots come up in order and no closer together than `start.stagger`.
// Method: ask the pure sequence at chosen instants.

#include "troupe/supervision/start_sequence.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(start_sequence_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(slots_come_in_order_and_once) {
  auto sequence = start_sequence{3, 0s};
  for (std::uint32_t i = 0; i < 3; ++i) {
    BOOST_TEST((sequence.pause(time_point{}) == 0ns));
    BOOST_TEST(sequence.next(time_point{}).value().value == i);
  }
  BOOST_TEST(!sequence.next(time_point{}).has_value());
  BOOST_TEST(!sequence.pause(time_point{}).has_value());
}

BOOST_AUTO_TEST_CASE(stagger_counts_from_start_to_start) {
  auto sequence = start_sequence{3, 50ms};
  const auto start = time_point{} + 1s;
  BOOST_TEST((sequence.pause(start) == 0ms));
  (void)sequence.next(start);
  BOOST_TEST((sequence.pause(start) == 50ms));
  BOOST_TEST((sequence.pause(start + 20ms) == 30ms));
  BOOST_TEST((sequence.pause(start + 50ms) == 0ms));
  BOOST_TEST((sequence.pause(start + 70ms) == 0ms));
  (void)sequence.next(start + 70ms);
  BOOST_TEST((sequence.pause(start + 70ms) == 50ms));
}

BOOST_AUTO_TEST_CASE(pool_without_slots_has_nothing_to_start) {
  auto sequence = start_sequence{0, 50ms};
  BOOST_TEST(!sequence.pause(time_point{}).has_value());
  BOOST_TEST(!sequence.next(time_point{}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
