// Goal: an error shows the right line and underlines the right characters, in every terminal.
// Method: diagnostics are rendered and compared as text.

#include "troupe/config/diagnostics.hpp"

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::config {
namespace {

diagnostic unknown_key_at(location at, std::string excerpt) {
  return {.code = problem::unknown_key,
          .weight = severity::error,
          .file = "shop.yaml",
          .at = at,
          .path = "pools.api.numprocs",
          .message = "unknown key; Troupe calls this 'replicas'",
          .excerpt = std::move(excerpt)};
}

// The underline of the only error in `text`.
std::string underline_in(const std::string& text) {
  const auto all = test::load(text).diagnostics;
  BOOST_REQUIRE_MESSAGE(all.size() == 1U, render(all));
  const auto shown = render(all);
  const auto begin = shown.rfind('|') + 2;
  return shown.substr(begin, shown.size() - begin - 1);
}

BOOST_AUTO_TEST_SUITE(diagnostics_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(an_error_is_shown_as_documented) {
  BOOST_TEST(
      render({unknown_key_at({.line = 24, .column = 5, .length = 8}, "    numprocs: 3")}) ==
      "shop.yaml:24:5: error[T003]: pools.api.numprocs: unknown key; Troupe calls this 'replicas'\n"
      "   24 |     numprocs: 3\n"
      "      |     ^~~~~~~~\n");
}

BOOST_AUTO_TEST_CASE(an_error_without_a_place_is_one_line) {
  auto one = unknown_key_at({}, "");
  one.path.clear();
  one.weight = severity::warning;
  BOOST_TEST(render({one}) ==
             "shop.yaml: warning[T003]: unknown key; Troupe calls this 'replicas'\n");
}

BOOST_AUTO_TEST_CASE(programs_get_json) {
  BOOST_TEST(render_json({}) == "[]\n");
  BOOST_TEST(
      render_json({unknown_key_at({.line = 24, .column = 5, .length = 8}, "x")}) ==
      "[\n{\"file\":\"shop.yaml\",\"line\":24,\"column\":5,\"length\":8,\"severity\":\"error\","
      "\"code\":\"T003\",\"path\":\"pools.api.numprocs\","
      "\"message\":\"unknown key; Troupe calls this 'replicas'\"}\n]\n");
}

BOOST_AUTO_TEST_CASE(colours_do_not_change_the_text) {
  const std::vector one{unknown_key_at({.line = 1, .column = 1, .length = 3}, "abc: 1")};
  auto coloured = render(one, true);
  BOOST_TEST(coloured.find("\x1b[1;31m") != std::string::npos);
  for (std::size_t begin = 0; (begin = coloured.find('\x1b')) != std::string::npos;) {
    coloured.erase(begin, coloured.find('m', begin) + 1 - begin);
  }
  BOOST_TEST(coloured == render(one));
}

BOOST_AUTO_TEST_CASE(the_underline_counts_characters_not_bytes) {
  BOOST_TEST(underline_in("version: 1\npools: {a: {worker: äöü, wurker: x}}\n") ==
             "                         ^~~~~~"); // Each umlaut is two bytes and one column.
  const auto all = test::load("version: 1\npools: {a: {worker: äöü, wurker: x}}\n").diagnostics;
  BOOST_TEST(all[0].at.column == 26U);
}

BOOST_AUTO_TEST_CASE(the_underline_follows_wide_characters) {
  BOOST_TEST(underline_in("version: 1\npools: {a: {worker: 日本, wurker: x}}\n") ==
             "                          ^~~~~~"); // Two columns each.
}

BOOST_AUTO_TEST_CASE(the_underline_repeats_tabs) {
  BOOST_TEST(underline_in("version: 1\npools:\t{a:\t{worker: x,\twurker: x}}\n") ==
             "      \t   \t           \t^~~~~~");
}

BOOST_AUTO_TEST_CASE(windows_line_ends_are_not_shown) {
  const auto all =
      test::load("version: 1\r\npools:\r\n  a:\r\n    worker: x\r\n    wurker: x\r\n").diagnostics;
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(all[0].excerpt == "    wurker: x");
  BOOST_TEST(all[0].at.line == 5U);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_no_error) {
  BOOST_TEST(test::headlines("\xef\xbb\xbfversion: 1\npools: {a: {worker: x}}\n").empty());
}

BOOST_AUTO_TEST_CASE(a_long_line_is_shown_around_the_error) {
  const auto shown =
      render({unknown_key_at({.line = 1, .column = 200, .length = 4},
                             std::string(199, 'a') + "BBBB" + std::string(300, 'c'))});
  BOOST_TEST(shown.find("1 | ..." + std::string(60, 'a') + "BBBB" + std::string(56, 'c') +
                        "...\n") != std::string::npos);
  BOOST_TEST(shown.find("  | " + std::string(63, ' ') + "^~~~\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(errors_come_in_the_order_of_the_file) {
  const auto all =
      test::load("version: 1\nzzz: 1\npools:\n  a: {wurker: x}\n  b: {worker: x, replicas: -1}\n")
          .diagnostics;
  std::vector<std::uint32_t> lines;
  for (const auto& one : all) lines.push_back(one.at.line);
  BOOST_TEST((lines == std::vector<std::uint32_t>{2, 4, 4, 5}));
}

BOOST_AUTO_TEST_CASE(later_checks_can_point_into_the_file) {
  const auto spec = test::must_load("version: 1\npools:\n  a:\n    command: [./nope]\n");
  const auto late =
      make_diagnostic(spec, problem::environment, position_of(spec.pools[0], "command"),
                      "pools.a.command", "'./nope' is not there");
  BOOST_TEST(render({late}) == "t.yaml:4:14: error[T018]: pools.a.command: './nope' is not there\n"
                               "    4 |     command: [./nope]\n"
                               "      |              ^\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config
