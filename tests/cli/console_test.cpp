// Goal: what a worker writes cannot move the cursor of the terminal, and tables are aligned.
// Method: pure functions.

#include "troupe/cli/console.hpp"
#include "troupe/cli/table.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {
namespace {

BOOST_AUTO_TEST_SUITE(console_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(plain_text_tabs_and_utf8_stay) {
  BOOST_TEST(harmless("a\tb \xc3\xa9 \xff") == "a\tb \xc3\xa9 \xff");
  BOOST_TEST(harmless("").empty());
}

BOOST_AUTO_TEST_CASE(colours_stay_and_are_ended) {
  BOOST_TEST(harmless("\x1b[1;31mred") == "\x1b[1;31mred\x1b[0m");
  BOOST_TEST(harmless("\x1b[mplain") == "\x1b[mplain\x1b[0m");
}

BOOST_AUTO_TEST_CASE(everything_that_moves_the_cursor_is_shown_as_text) {
  BOOST_TEST(harmless("a\rb\x08") == "a\\x0db\\x08");
  BOOST_TEST(harmless("\x1b[2J") == "\\x1b[2J");
  BOOST_TEST(harmless("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  BOOST_TEST(harmless("\x1b[31") == "\\x1b[31");
  BOOST_TEST(harmless("\x1b") == "\\x1b");
  BOOST_TEST(harmless(std::string_view{"a\0b\x7f", 4}) == "a\\x00b\\x7f");
}

BOOST_AUTO_TEST_CASE(columns_stand_under_each_other) {
  BOOST_TEST(make_table({{"name"}, {"n", true}, {"end"}},
                        {{"a", "1", "x"}, {"longer", "1000", ""}}) == "name       n  end\n"
                                                                      "a          1  x\n"
                                                                      "longer  1000\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::cli
