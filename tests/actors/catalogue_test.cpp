// Goal: the catalogue, its page and the worker types that it promises agree.
// Method: compare the page with what is generated, and open every builtin by its name.

#include "troupe/actors/catalogue.hpp"
#include "troupe/actors/describe.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace troupe::actors {
namespace {

BOOST_AUTO_TEST_SUITE(catalogue_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(every_builtin_is_a_worker_type_of_that_role) {
  install_builtins();
  for (const auto& one : builtins()) {
    const auto* const entry = find_worker(worker_list(), one.name);
    BOOST_REQUIRE_MESSAGE(entry != nullptr, one.name);
    BOOST_TEST((entry->role == one.role), one.name);
    BOOST_TEST(entry->runs_in_host == one.is_in_host, one.name);
    BOOST_TEST(!one.summary.empty());
    for (const auto& key : one.settings) BOOST_TEST(!key.help.empty(), one.name + "." + key.name);
  }
}

// TROUPE_UPDATE_DOCS=1 in the environment writes the page instead of checking it.
BOOST_AUTO_TEST_CASE(the_documentation_lists_the_builtins_of_this_build) {
  constexpr std::string_view begin_mark = "<!-- builtins: begin -->\n";
  const std::string path = TROUPE_SOURCE_DIR "/docs/builtins.md";
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  auto page = text.str();
  const auto begin = page.find(begin_mark);
  const auto end = page.find("<!-- builtins: end -->");
  BOOST_REQUIRE(begin != std::string::npos);
  BOOST_REQUIRE(end != std::string::npos);
  const auto body = begin + begin_mark.size();
  if (std::getenv("TROUPE_UPDATE_DOCS") != nullptr) {
    std::ofstream{path} << page.replace(body, end - body, describe_builtins());
    return;
  }
  const bool is_current = page.substr(body, end - body) == describe_builtins();
  BOOST_TEST(is_current, "docs/builtins.md is out of date; run TROUPE_UPDATE_DOCS=1 actors_test");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::actors
