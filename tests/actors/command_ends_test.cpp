// Goal: a command that ends is an attempt of what it has read, and of nothing else for ever; one
// that can never begin is found out before it costs much. Method: the decision alone: ends by hand,
// and ends by chance against what must hold of any row.

#include "troupe/actors/command_ends.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace troupe::actors {
namespace {

constexpr command_ends::end missing{.code = 127, .has_read_nothing = true, .is_round_unread = true};
constexpr command_ends::end refuses{.code = 1, .has_read_nothing = true, .is_round_unread = true};
constexpr command_ends::end killed{.code = {}, .has_read_nothing = true, .is_round_unread = true};
constexpr command_ends::end has_read{
    .code = 1, .has_read_nothing = false, .is_round_unread = false};

BOOST_AUTO_TEST_SUITE(command_ends_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(what_was_read_is_an_attempt) {
  command_ends ends;
  const auto meaning = ends.note_end(has_read);
  BOOST_TEST((!meaning.is_no_attempt && !meaning.is_hopeless && meaning.useless_starts == 0));
}

BOOST_AUTO_TEST_CASE(the_third_that_cannot_begin_is_the_last_and_costs_no_message) {
  command_ends ends;
  BOOST_TEST(ends.note_end(missing).is_no_attempt);
  BOOST_TEST(ends.note_end(missing).is_no_attempt);
  const auto last = ends.note_end(missing);
  BOOST_TEST(last.is_hopeless);
  BOOST_TEST(last.useless_starts == command_ends::failed_starts_max);
}

// A shell that has read a line and then cannot run what it names.
BOOST_AUTO_TEST_CASE(with_126_and_127_it_does_not_matter_what_was_read) {
  for (const int code : {126, 127}) {
    command_ends ends;
    const command_ends::end how{.code = code, .has_read_nothing = false, .is_round_unread = false};
    BOOST_TEST(!ends.note_end(how).is_hopeless);
    BOOST_TEST(!ends.note_end(how).is_hopeless);
    BOOST_TEST(ends.note_end(how).is_hopeless);
  }
}

BOOST_AUTO_TEST_CASE(with_0_or_1_it_may_refuse_a_hundred_times_at_an_attempt_each) {
  command_ends ends;
  for (std::uint32_t i = 1; i < command_ends::useless_starts_max; ++i) {
    const auto meaning = ends.note_end(refuses);
    BOOST_TEST_REQUIRE((!meaning.is_no_attempt && !meaning.is_hopeless));
  }
  BOOST_TEST(ends.note_end(refuses).is_hopeless);
}

BOOST_AUTO_TEST_CASE(a_command_that_has_answered_once_is_never_hopeless) {
  command_ends ends;
  ends.note_answer();
  for (int i = 0; i < 1000; ++i) BOOST_TEST_REQUIRE(!ends.note_end(missing).is_hopeless);
}

BOOST_AUTO_TEST_CASE(a_storm_of_kills_is_an_attempt_now_and_then) {
  command_ends ends;
  for (int round = 0; round < 5; ++round) {
    BOOST_TEST(ends.note_end(killed).is_no_attempt);
    BOOST_TEST(ends.note_end(killed).is_no_attempt);
    BOOST_TEST(!ends.note_end(killed).is_no_attempt);
  }
  BOOST_TEST(ends.note_end(killed).is_no_attempt);
  ends.note_answered_round();
  BOOST_TEST(ends.note_end(killed).is_no_attempt);
  BOOST_TEST(ends.note_end(killed).is_no_attempt);
}

// Whatever the row: no message is free for ever, what was read is never free, nothing is hopeless
// that was killed, and a start that is hopeless was useless so often in a row.
BOOST_AUTO_TEST_CASE(whatever_the_row) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random{seed};
    command_ends ends;
    std::uint32_t free_in_a_row = 0;
    for (int i = 0; i < 300; ++i) {
      if (random() % 40 == 0) ends.note_answer();
      if (random() % 10 == 0) {
        ends.note_answered_round();
        free_in_a_row = 0;
      }
      command_ends::end how{
          .code = {}, .has_read_nothing = random() % 2 == 0, .is_round_unread = random() % 3 != 0};
      if (random() % 4 != 0) how.code = static_cast<int>(random() % 4);
      const auto meaning = ends.note_end(how);
      free_in_a_row = meaning.is_no_attempt ? free_in_a_row + 1 : 0;
      BOOST_TEST_REQUIRE(free_in_a_row < command_ends::unread_rounds_max, "seed " << seed);
      BOOST_TEST_REQUIRE((how.is_round_unread || !meaning.is_no_attempt), "seed " << seed);
      BOOST_TEST_REQUIRE((how.code || !meaning.is_hopeless), "seed " << seed);
      BOOST_TEST_REQUIRE(
          (!meaning.is_hopeless || meaning.useless_starts >= command_ends::failed_starts_max),
          "seed " << seed);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::actors
