// Goal: what others wrote can never make a message of ours long, and what was cut is told.
// Method: pure functions.

#include "troupe/base/text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace troupe::text {
namespace {

BOOST_AUTO_TEST_SUITE(text_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(short_text_stays_as_it_is) {
  BOOST_TEST(shortened("").empty());
  BOOST_TEST(shortened("abc", 3) == "abc");
}

BOOST_AUTO_TEST_CASE(long_text_is_cut_and_its_length_is_told) {
  BOOST_TEST(shortened("abcd", 3) == "abc... (4 bytes)");
  const std::string five_mebibytes(5 << 20, 'x');
  BOOST_TEST(shortened(five_mebibytes).size() < quoted_bytes_max + 40);
  BOOST_TEST(shortened(five_mebibytes).ends_with("x... (5242880 bytes)"));
}

BOOST_AUTO_TEST_CASE(a_character_is_kept_whole_or_left_out) {
  const std::string text = "a\xe2\x82\xac"
                           "b"; // The euro sign has three bytes.
  BOOST_TEST(beginning_of(text, 1) == "a");
  BOOST_TEST(beginning_of(text, 2) == "a");
  BOOST_TEST(beginning_of(text, 3) == "a");
  BOOST_TEST(beginning_of(text, 4) == "a\xe2\x82\xac");
  BOOST_TEST(beginning_of(text, 5) == text);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_cut_anywhere) {
  const std::string bytes(10, '\x80');
  BOOST_TEST(beginning_of(bytes, 7).size() == 7U);
  BOOST_TEST(beginning_of(bytes, 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::text
