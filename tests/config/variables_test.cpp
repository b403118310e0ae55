// Goal: ${X} means what it says, at the time it can, and nothing that is data becomes a reference.
// Method: pure; variables from maps; the two expansion times are composed.

#include "troupe/config/variables.hpp"

#include "troupe/base/worker_text.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::config {
namespace {

using text_map = std::map<std::string, std::string>;

variables with(text_map environment, text_map set = {}) {
  return {std::move(set), [environment = std::move(environment)](const std::string& name) {
            const auto found = environment.find(name);
            return found == environment.end() ? std::nullopt : std::optional{found->second};
          }};
}

std::string expanded(variables& vars, std::string_view raw,
                     expansion_time when = expansion_time::load) {
  const auto result = vars.expand(raw, when);
  return result.errors.empty() ? result.text : "error: " + result.errors.front().message;
}

std::string expanded(std::string_view raw) {
  auto vars = with({{"A", "1"}, {"EMPTY", ""}});
  return expanded(vars, raw);
}

BOOST_AUTO_TEST_SUITE(variables_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(every_form_of_a_reference_is_replaced) {
  BOOST_TEST(expanded("x${A}y${A}") == "x1y1");
  BOOST_TEST(expanded("${B:-d e}") == "d e");
  BOOST_TEST(expanded("${A:-d}") == "1");
  BOOST_TEST(expanded("${EMPTY}") == "");
  BOOST_TEST(expanded("${EMPTY:-d}") == "d");
  BOOST_TEST(expanded("${B:-${C:-${A}}}!") == "1!");
  BOOST_TEST(expanded("${B:-}") == "");
}

BOOST_AUTO_TEST_CASE(dollars_that_are_no_reference_stay) {
  BOOST_TEST(expanded("$A $1 $ 5$") == "$A $1 $ 5$");
  BOOST_TEST(expanded("$$") == "$");
  BOOST_TEST(expanded("$${A}") == "${A}");
  BOOST_TEST(expanded("$$$${A}") == "$${A}");
  BOOST_TEST(expanded("$$${A}") == "$1");
}

BOOST_AUTO_TEST_CASE(a_name_without_a_value_is_an_error_with_a_hint) {
  BOOST_TEST(expanded("${NOPE}") == "error: ${NOPE} is not defined; set it in the environment or "
                                    "in vars, or write ${NOPE:-default}");
  BOOST_TEST(expanded("${NOPE:?set NOPE to a path}") ==
             "error: ${NOPE} is not defined: set NOPE to a path");
  auto vars = with({});
  vars.declare("model", "m", {.line = 2});
  BOOST_TEST(expanded(vars, "${modell}") ==
             "error: ${modell} is not defined; did you mean 'model'?");
}

BOOST_AUTO_TEST_CASE(malformed_references_are_errors) {
  BOOST_TEST(expanded("${A") == "error: '${' without '}'; write $$ for a single $");
  for (const std::string body : {"", "1A", "A-x", "A:+x", "A B", "A?x"}) {
    BOOST_TEST(expanded("${" + body + "}") ==
               "error: ${" + body +
                   "} is not a reference; write ${NAME}, ${NAME:-default} or ${NAME:?message}, and "
                   "$$ for a "
                   "single $");
  }
}

BOOST_AUTO_TEST_CASE(a_path_that_was_typed_is_relative_to_where_it_was_typed) {
  const std::string file = "/file";
  variables vars{{{"typed", "x"}},
                 [](const std::string& name) {
                   return name == "known" ? std::optional<std::string>{"y"} : std::nullopt;
                 },
                 "/typed"};
  vars.declare("plain", "z", {});
  vars.declare("below", "${typed}/sub", {});
  vars.declare("known", "${typed}", {}); // The environment wins over it.
  vars.declare("circle", "${circle}", {});
  for (const auto* raw : {"${typed}", "${typed}/a", "${typed:-b}", "${below}/c"}) {
    BOOST_TEST(vars.base_of(raw, file) == "/typed", raw);
  }
  for (const auto* raw : {"a", "a/${typed}", "${plain}", "${known}", "${circle}", "${nobody}", "",
                          "$${typed}", "${", "${typed2}"}) {
    BOOST_TEST(vars.base_of(raw, file) == file, raw);
  }
  BOOST_TEST(with({}, {{"typed", "x"}}).base_of("${typed}", file) == file);
}

BOOST_AUTO_TEST_CASE(set_beats_environment_and_environment_beats_vars) {
  auto vars = with({{"a", "env"}, {"b", "env"}}, {{"a", "set"}});
  for (const auto* const name : {"a", "b", "c"}) vars.declare(name, "var", {});
  BOOST_TEST(expanded(vars, "${a} ${b} ${c}") == "set env var");
}

BOOST_AUTO_TEST_CASE(vars_may_use_vars_but_not_in_a_circle) {
  auto vars = with({{"HOME", "/h"}});
  vars.declare("a", "${b}/a", {.line = 2});
  vars.declare("b", "${HOME}", {.line = 3});
  BOOST_TEST(expanded(vars, "${a}") == "/h/a");
  vars.declare("x", "${y}", {.line = 4});
  vars.declare("y", "${z}", {.line = 5});
  vars.declare("z", "${x}", {.line = 6});
  const auto circle = vars.expand_declared("x");
  static_cast<void>(circle);
  const auto inner = vars.expand_declared("z");
  BOOST_REQUIRE(inner.errors.size() == 1U);
  BOOST_TEST(inner.errors[0].message ==
             "vars refer to each other in a circle: x (line 4) -> y (line 5) -> z (line 6) -> x");
  BOOST_TEST((inner.errors[0].code == problem::cycle));
}

BOOST_AUTO_TEST_CASE(vars_that_double_each_other_are_bounded) {
  auto vars = with({});
  vars.declare("v0", "0123456789", {});
  for (int i = 1; i < 60; ++i) {
    const auto before = "${v" + std::to_string(i - 1) + "}";
    vars.declare("v" + std::to_string(i), before + before, {});
  }
  const auto result = vars.expand("${v59}", expansion_time::load);
  BOOST_TEST(result.text.size() < 200'000U);
}

BOOST_AUTO_TEST_CASE(names_of_a_worker_wait_for_the_worker) {
  auto vars = with({{"A", "1"}, {"EVIL", "${TROUPE_POOL}"}});
  const auto left =
      expanded(vars, "${A}-${TROUPE_REPLICA}-$${TROUPE_POOL}-${EVIL}-$$x", expansion_time::spawn);
  BOOST_TEST(text::expand_for_worker(left, {{"TROUPE_REPLICA", "3"}, {"TROUPE_POOL", "p"}}) ==
             "1-3-${TROUPE_POOL}-${TROUPE_POOL}-$x");
  BOOST_TEST(expanded(vars, "${TROUPE_REPLICA}") ==
             "error: ${TROUPE_REPLICA} is known only when a worker starts; it can stand in "
             "command, shell, "
             "args, env and working_dir");
  BOOST_TEST(expanded(vars, "${TROUPE_REPLICA:-0}", expansion_time::spawn) ==
             "error: ${TROUPE_REPLICA} always has a value; remove ':-0'");
}

BOOST_AUTO_TEST_CASE(escaping_is_undone_by_expanding) {
  for (const std::string text :
       {"$", "$$", "${A}", "a$b", "$${A}$", "", "${TROUPE_X}", "$${TROUPE_X}"}) {
    auto vars = with({{"A", "1"}});
    BOOST_TEST(expanded(vars, escape_references(text, expansion_time::load)) == text);
    BOOST_TEST(expanded(vars, escape_references(text, expansion_time::spawn),
                        expansion_time::spawn) == text);
  }
}

BOOST_AUTO_TEST_CASE(a_set_name_that_nobody_knows_is_noticed) {
  auto vars = with({}, {{"used", "1"}, {"declared", "2"}, {"typo", "3"}});
  vars.declare("declared", "x", {});
  BOOST_TEST(expanded(vars, "${used}") == "1");
  BOOST_TEST((vars.unused_set() == std::vector<std::string>{"typo"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config
