// Goal: what waits for a reader is bounded, and what finds no room is counted, whoever is late.
// Method: the pure lane with chosen instants; no thread, no descriptor.

#include "troupe/process/detail/output_lane.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::detail {
namespace {

using namespace std::chrono_literals;
using answer = output_lane::answer;

constexpr lane_limits small{.pause_bytes = 10, .waiting_bytes_max = 20, .stall = 5s};
constexpr auto start = time_point{} + 1h;

BOOST_AUTO_TEST_SUITE(output_lane_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(a_full_lane_asks_for_a_pause_and_keeps_what_it_got) {
  output_lane lane{small};
  BOOST_TEST((lane.add("1234567890", start) == answer::taken));
  BOOST_TEST((lane.add("x", start) == answer::pause));
  BOOST_TEST(!lane.lets_go_on(start));
  BOOST_TEST(lane.take() == "1234567890x");
  BOOST_TEST(!lane.lets_go_on(start)); // On its way is not arrived.
  lane.note_arrived(6, start + 1s);
  BOOST_TEST(lane.lets_go_on(start + 1s));
  BOOST_TEST(lane.dropped() == 0u);
}

BOOST_AUTO_TEST_CASE(what_goes_over_the_brim_is_counted) {
  output_lane lane{small};
  BOOST_TEST((lane.add("12345678901234567890", start) == answer::pause));
  BOOST_TEST((lane.add("x", start) == answer::dropped));
  BOOST_TEST((lane.add("y", start) == answer::dropped));
  BOOST_TEST(lane.take_dropped() == 2u);
  BOOST_TEST(lane.dropped() == 0u);
  BOOST_TEST(lane.take() == "12345678901234567890");
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_reader_that_takes_nothing) {
  output_lane lane{small};
  BOOST_TEST((lane.add("1234567890", start) == answer::taken));
  BOOST_TEST((lane.stalls_at() == start + 5s));
  BOOST_TEST(lane.lets_go_on(start + 5s));
  BOOST_TEST((lane.add("x", start + 5s) == answer::dropped));
  // It takes something: it is there after all.
  (void)lane.take();
  lane.note_arrived(1, start + 6s);
  BOOST_TEST(!lane.is_stalled(start + 6s));
  BOOST_TEST((lane.add("ab", start + 6s) == answer::pause));
}

BOOST_AUTO_TEST_CASE(a_lane_with_room_drops_nothing_however_long_it_waits) {
  output_lane lane{small};
  BOOST_TEST((lane.add("123", start) == answer::taken));
  BOOST_TEST((lane.add("456", start + 1h) == answer::taken));
}

BOOST_AUTO_TEST_CASE(the_clock_of_a_reader_begins_with_the_first_line) {
  output_lane lane{small};
  BOOST_TEST((lane.stalls_at() == time_point::max()));
  (void)lane.add("1", start);
  (void)lane.take();
  lane.note_arrived(1, start);
  (void)lane.add("2", start + 1h);
  BOOST_TEST((lane.stalls_at() == start + 1h + 5s));
}

BOOST_AUTO_TEST_CASE(what_is_lost_on_its_way_is_counted_and_gone) {
  output_lane lane{small};
  (void)lane.add("1\n2\n", start);
  (void)lane.take();
  (void)lane.add("3\n", start);
  lane.note_lost(2, start);
  BOOST_TEST(lane.dropped() == 2u);
  BOOST_TEST(lane.added() == 6u);
  BOOST_TEST(lane.gone() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::detail
