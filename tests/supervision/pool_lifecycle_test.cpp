// Goal: a pool starts once, ends once, and only when every slot is empty.
// Method: drive the pure lifecycle.

#include "troupe/supervision/pool_lifecycle.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(pool_lifecycle_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(starts_once_and_not_after_a_stop) {
  auto pool = pool_lifecycle{1};
  BOOST_TEST(!pool.is_running());
  BOOST_TEST(pool.start());
  BOOST_TEST(pool.is_running());
  BOOST_TEST(!pool.start());

  auto stopped = pool_lifecycle{1};
  BOOST_TEST(stopped.stop(stop_mode::drain));
  BOOST_TEST(!stopped.start());
}

BOOST_AUTO_TEST_CASE(only_harder_stops_change_anything) {
  auto pool = pool_lifecycle{1};
  BOOST_TEST(pool.stop(stop_mode::drain));
  BOOST_TEST(!pool.stop(stop_mode::drain));
  BOOST_TEST(pool.stop(stop_mode::kill));
  BOOST_TEST(!pool.stop(stop_mode::quick));
}

BOOST_AUTO_TEST_CASE(ends_once_when_all_slots_are_empty) {
  auto pool = pool_lifecycle{2};
  BOOST_TEST(pool.start());
  pool.note_empty(slot_id{0}); // Completed before anybody asked.
  pool.note_empty(slot_id{0});
  BOOST_TEST(!pool.end());
  BOOST_TEST(pool.stop(stop_mode::quick));
  BOOST_TEST(!pool.end());
  pool.note_empty(slot_id{1});
  BOOST_TEST(pool.end());
  BOOST_TEST(pool.is_over());
  BOOST_TEST(!pool.end());
  BOOST_TEST(!pool.stop(stop_mode::kill));
}

BOOST_AUTO_TEST_CASE(empty_pool_goes_on_until_it_is_stopped) {
  auto pool = pool_lifecycle{0};
  BOOST_TEST(pool.start());
  BOOST_TEST(!pool.end());
  BOOST_TEST(pool.stop(stop_mode::drain));
  BOOST_TEST(pool.end());
}

BOOST_AUTO_TEST_CASE(gives_up_once_and_only_while_running) {
  auto pool = pool_lifecycle{1};
  BOOST_TEST(!pool.give_up());
  BOOST_TEST(pool.start());
  BOOST_TEST(pool.give_up());
  BOOST_TEST(pool.has_given_up());
  BOOST_TEST(!pool.give_up());
  BOOST_TEST(!pool.stop(stop_mode::quick)); // That is how it stops already.
  BOOST_TEST(pool.stop(stop_mode::kill));
}

BOOST_AUTO_TEST_CASE(stopped_pool_does_not_give_up) {
  auto pool = pool_lifecycle{1};
  BOOST_TEST(pool.start());
  BOOST_TEST(pool.stop(stop_mode::drain));
  BOOST_TEST(!pool.give_up());
  BOOST_TEST(!pool.has_given_up());
}

BOOST_AUTO_TEST_CASE(failure_ends_it_from_anywhere_once) {
  auto pool = pool_lifecycle{1};
  BOOST_TEST(pool.fail());
  BOOST_TEST(!pool.fail());
  BOOST_TEST(!pool.end());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
