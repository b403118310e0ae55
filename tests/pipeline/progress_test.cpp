// Goal: a pipeline gets on at any rate of deaths, also when no worker lives as long as a checkpoint
// is apart from the next.
// Method: all simulated workers die together, again and again, after a lifetime that is far too
// short for the pool's own checkpoints, and once even for one batch; the output must be the one of
// the calm run.

#include "fake_world.hpp"
#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using pipeline::graph_spec;

// numbers -> middle -> file "/out", with a checkpoint that no worker lives to see.
graph_spec line(const std::string& worker, int count, const std::string& config = "{}") {
  graph_spec spec{
      {channel("a", 1000), channel("b", 1000)},
      {stage("source", "numbers", {}, {"a"}, R"({"count": )" + std::to_string(count) + "}"),
       stage("middle", worker, {"a"}, {"b"}, config),
       stage("sink", "to_file", {"b"}, {}, R"({"path": "/out"})")}};
  for (auto& each : spec.stages) {
    each.retry.max_attempts = 1000000;
    each.retry.backoff_initial = each.retry.backoff_max = 1us;
    each.checkpoint = {1000000, 1h};
  }
  return spec;
}

std::string calm_output(const graph_spec& spec) {
  files().clear();
  fake_world world{spec};
  BOOST_REQUIRE(world.run());
  return files()["/out"];
}

// In simulated steps: a step is one job of one worker, or a start.
void check(const graph_spec& spec, int lifetime) {
  const auto expected = calm_output(spec);
  files().clear();
  fake_world world{spec};
  constexpr int steps_max = 3000000;
  for (int i = 1; i < steps_max && world.engine().state() == pipeline::engine_state::running; ++i) {
    if (!world.step()) break;
    if (i % lifetime != 0) continue;
    for (std::size_t j = 0; j < spec.stages.size(); ++j) world.lane(j).kill_all();
  }
  BOOST_TEST_REQUIRE(world.finished == 1, "lifetime " << lifetime << world.report());
  BOOST_TEST(files()["/out"] == expected);
  BOOST_TEST(world.kills() >= 5U);
}

BOOST_AUTO_TEST_SUITE(progress_suite, *boost::unit_test::timeout(250))

BOOST_AUTO_TEST_CASE(an_aggregation_gets_on_however_short_its_workers_live) {
  for (const int lifetime : {60, 30, 15}) check(line("tally", 10000), lifetime);
}

BOOST_AUTO_TEST_CASE(one_with_a_large_state_gets_on_too) {
  check(line("tally", 3000, R"({"padding": 1})"), 30);
  check(line("keep", 3000), 30);
}

BOOST_AUTO_TEST_CASE(sources_transforms_and_sinks_get_on_too) {
  auto ordered = line("echo", 20000);
  ordered.stages[1].order = pipeline::stage_order::preserve;
  for (const int lifetime : {40, 15}) check(ordered, lifetime);
}

BOOST_AUTO_TEST_CASE(checkpoints_are_as_the_pool_says_again_once_workers_live) {
  auto spec = line("tally", 30000);
  spec.stages[1].checkpoint = {1000, 1h};
  files().clear();
  fake_world world{spec};
  while (world.engine().counters(1).in < 500) BOOST_REQUIRE(world.step());
  world.lane(1).kill_all();
  world.lane(1).kill_all();
  BOOST_REQUIRE(world.run());
  // One for each thousand, those on the way back to it, and the last.
  BOOST_TEST(world.engine().counters(1).commits < 60U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
