// Goal: the rules by which a healthy worker is replaced, one by one. Method: the pure functions.

#include "troupe/pool/recycle_rule.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>

namespace troupe {
namespace {

using namespace recycle_rule;
using namespace std::chrono_literals;

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

std::uint64_t messages(std::uint64_t limit, double jitter, std::size_t slot, std::size_t slots) {
  return spread({.messages_max = limit, .jitter = jitter}, slot, slots).messages_max;
}

BOOST_AUTO_TEST_SUITE(recycle_rule_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(without_jitter_all_slots_have_the_limits_as_written) {
  for (const std::size_t slot : {0U, 1U, 7U}) {
    const auto one =
        spread({.messages_max = most, .age_max = 1h, .memory_max_bytes = 12345}, slot, 8);
    BOOST_TEST(one.messages_max == most);
    BOOST_TEST((one.age_max == 1h));
    BOOST_TEST(one.memory_max_bytes == 12345U);
  }
}

BOOST_AUTO_TEST_CASE(jitter_takes_an_even_part_off_from_slot_to_slot) {
  BOOST_TEST(messages(1000, 0.1, 0, 4) == 1000U);
  BOOST_TEST(messages(1000, 0.1, 1, 4) == 975U);
  BOOST_TEST(messages(1000, 0.1, 2, 4) == 950U);
  BOOST_TEST(messages(1000, 0.1, 3, 4) == 925U);
  const auto half = spread({.age_max = 60s, .memory_max_bytes = 1024, .jitter = 1.0}, 1, 2);
  BOOST_TEST((half.age_max == 30s));
  BOOST_TEST(half.memory_max_bytes == 512U);
  BOOST_TEST(half.jitter == 0.0);
}

BOOST_AUTO_TEST_CASE(no_limit_is_raised_or_lost_or_made) {
  for (const auto limit : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{10}, most}) {
    for (std::size_t slot = 0; slot < 5; ++slot) {
      for (const double jitter : {0.0, 0.001, 0.5, 1.0, 7.0}) {
        const auto got = messages(limit, jitter, slot, 5);
        BOOST_TEST((got >= 1 && got <= limit));
      }
    }
  }
  const auto none = spread({.jitter = 1.0}, 3, 4);
  BOOST_TEST(none.messages_max == 0U);
  BOOST_TEST((none.age_max == duration::zero()));
  BOOST_TEST(none.memory_max_bytes == 0U);
  BOOST_TEST(messages(9, 0.5, 0, 0) == 9U);
}

BOOST_AUTO_TEST_CASE(each_limit_is_enough_by_itself) {
  const recycle_spec all{.messages_max = 10, .age_max = 1min, .memory_max_bytes = 1000};
  BOOST_TEST(!reached(all, {.messages = 9, .age = 59s, .memory_bytes = 1000}).has_value());
  BOOST_TEST((reached(all, {.messages = 10}) == end_reason::max_messages));
  BOOST_TEST((reached(all, {.age = 1min}) == end_reason::max_age));
  BOOST_TEST((reached(all, {.memory_bytes = 1001}) == end_reason::max_memory));
  BOOST_TEST(!reached({}, {.messages = most, .age = 1000h, .memory_bytes = most}).has_value());
}

BOOST_AUTO_TEST_CASE(only_age_and_memory_have_to_be_looked_at) {
  BOOST_TEST(!has_to_look({}));
  BOOST_TEST(!has_to_look({.messages_max = 5}));
  BOOST_TEST(has_to_look({.age_max = 1s}));
  BOOST_TEST(has_to_look({.memory_max_bytes = 1}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
