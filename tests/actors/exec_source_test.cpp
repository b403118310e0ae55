// Goal: the lines of a command are messages, each at most once, and neither its failure nor the
// death of its worker passes for a good end.
// Method: exec_source is driven job by job with a real child, `talker`.

#include "driver.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace troupe::test {
namespace {

using nlohmann::json;

json talk(const std::string& mode, const std::string& argument, const char* on_error = "stop") {
  return {{"command", {TALKER, mode, argument}}, {"on_error", on_error}};
}

struct outcome {
  std::size_t lines = 0;
  std::uint64_t lost = 0;
  std::string failed;
  std::string state; // Of the last commit.
};

outcome produce_all(driver& one) {
  outcome all;
  for (;;) {
    const auto got = one.produce(100);
    all.lines += got.outputs.size();
    all.lost += got.troubles.lost;
    all.failed = got.failed;
    if (got.state) all.state = *got.state;
    if (got.has_ended || !got.failed.empty()) return all;
  }
}

BOOST_AUTO_TEST_SUITE(exec_source_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(each_line_that_the_command_writes_is_a_message) {
  driver one;
  one.open("exec_source", talk("flood", "1000"));
  const auto all = produce_all(one);
  BOOST_TEST(all.lines == 1000U);
  BOOST_TEST(all.lost == 0U);
  BOOST_TEST(all.failed == "");
}

BOOST_AUTO_TEST_CASE(a_failure_of_the_command_stops_the_pipeline_or_is_counted) {
  driver stops;
  stops.open("exec_source", talk("fail", "3"));
  BOOST_TEST(produce_all(stops).failed.find("after 0 lines: exit code 3") != std::string::npos);
  driver skips;
  skips.open("exec_source", talk("fail", "3", "skip"));
  const auto all = produce_all(skips);
  BOOST_TEST(all.failed == "");
  BOOST_TEST(all.lost == 1U);
}

BOOST_AUTO_TEST_CASE(a_line_that_was_not_ended_is_one_only_if_the_command_ended_well) {
  for (const bool is_well : {true, false}) {
    driver one;
    one.open("exec_source",
             {{"command", {"sh", "-c", "echo a; printf b; exit $0", is_well ? "0" : "7"}},
              {"on_error", "skip"}});
    const auto all = produce_all(one);
    BOOST_TEST(all.failed == "");
    BOOST_TEST(all.lines == (is_well ? 2U : 1U));
    BOOST_TEST(all.lost == (is_well ? 0U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(an_exit_that_is_listed_as_success_is_one) {
  auto config = talk("fail", "3");
  for (const auto* const listed : {"0 3 ", "3 -15 "}) {
    config["success_exit"] = listed;
    driver one;
    one.open("exec_source", config);
    BOOST_TEST(produce_all(one).failed == "");
  }
  config["success_exit"] = "0 4 ";
  driver other;
  other.open("exec_source", config);
  BOOST_TEST(produce_all(other).failed != "");
}

BOOST_AUTO_TEST_CASE(a_successor_never_starts_the_command_again_and_counts_what_is_lost) {
  driver first;
  first.open("exec_source", talk("flood", "1000"));
  auto state = first.produce(100).state; // Before the command has even been started.
  for (int i = 0; i < 3; ++i) {
    for (const auto* const on_error : {"stop", "skip"}) {
      driver successor;
      successor.open("exec_source", talk("flood", "1000", on_error), state);
      const auto all = produce_all(successor);
      BOOST_TEST(all.lines == 0U);
      BOOST_TEST(all.lost == 1U);
      BOOST_TEST(all.failed == "");
    }
    state = first.produce(100).state;
  }
}

BOOST_AUTO_TEST_CASE(a_source_that_had_not_begun_begins_in_its_successor) {
  driver first;
  const auto state = first.open("exec_source", talk("flood", "10")).state;
  driver successor;
  successor.open("exec_source", talk("flood", "10"), state);
  const auto all = produce_all(successor);
  BOOST_TEST(all.lines == 10U);
  BOOST_TEST(all.lost == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
