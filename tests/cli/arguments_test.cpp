// Goal: every option reaches its place, and nothing else is accepted.
// Method: parse command lines; no process, no file.

#include "troupe/cli/arguments.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>

namespace troupe::cli {
namespace {

using namespace std::chrono_literals;

parsed_arguments parse(std::initializer_list<const char*> words) {
  std::vector<const char*> argv{"troupe"};
  argv.insert(argv.end(), words);
  return parse_arguments(static_cast<int>(argv.size()), argv.data());
}

exit_code code_of(const parsed_arguments& parsed) {
  return std::get<early_end>(parsed).code;
}

BOOST_AUTO_TEST_SUITE(arguments_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(run_takes_all_its_options_in_any_order) {
  const auto run = std::get<run_arguments>(
      parse({"run", "--set", "a=1", "f.yaml", "--set", "b=c=d", "--chaos", "50ms", "--chaos-seed",
             "7", "--json", "-q", "--socket", "s"}));
  BOOST_TEST(run.file.path == "f.yaml");
  BOOST_TEST(run.file.set.size() == 2U);
  BOOST_TEST(run.file.set.at("b") == "c=d");
  BOOST_TEST((run.chaos == 50ms));
  BOOST_TEST(run.chaos_seed == 7U);
  BOOST_TEST((run.is_json && run.is_quiet && run.has_socket));
  BOOST_TEST(run.socket == "s");
}

BOOST_AUTO_TEST_CASE(run_has_sensible_defaults) {
  const auto run = std::get<run_arguments>(parse({"run", "-"}));
  BOOST_TEST(run.file.path == "-");
  BOOST_TEST((run.chaos == duration::zero()));
  BOOST_TEST((!run.is_json && !run.is_quiet && run.has_socket));
}

BOOST_AUTO_TEST_CASE(a_value_may_be_empty_or_begin_with_a_dash) {
  const auto run = std::get<run_arguments>(parse({"run", "f", "--set", "a=", "--set", "b=-1"}));
  BOOST_TEST(run.file.set.at("a").empty());
  BOOST_TEST(run.file.set.at("b") == "-1");
}

BOOST_AUTO_TEST_CASE(status_takes_target_pools_and_waiting) {
  const auto status = std::get<status_arguments>(
      parse({"status", "shop", "api", "db/1", "--wait", "ready", "--timeout", "1m30s"}));
  BOOST_TEST(status.target.path == "shop");
  BOOST_TEST(status.pools.size() == 2U);
  BOOST_TEST((status.wait == awaited::ready));
  BOOST_TEST((status.timeout == 90s));
  BOOST_TEST(std::get<status_arguments>(parse({"status"})).target.path.empty());
}

BOOST_AUTO_TEST_CASE(wrong_usage_has_code_64) {
  BOOST_TEST((code_of(parse({})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"run"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"run", "a", "b"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"run", "a", "--chaos-seed", "x"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"run", "a", "--set"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"validate", "a", "--timeout", "1s"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"status", "a", "--timeout", "1"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"", "a"})) == exit_code::usage));
  BOOST_TEST((code_of(parse({"--run", "a"})) == exit_code::usage));
}

BOOST_AUTO_TEST_CASE(help_is_no_error) {
  BOOST_TEST((code_of(parse({"--help"})) == exit_code::ok));
  BOOST_TEST((code_of(parse({"run", "-h"})) == exit_code::ok));
  BOOST_TEST((code_of(parse({"--version"})) == exit_code::ok));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::cli
