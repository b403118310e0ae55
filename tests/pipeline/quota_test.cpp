// Goal: a worker with a quota of messages is given no more of them, and nothing is lost or done
// twice when it is replaced.
// Method: simulated lanes that replace their workers as recycling does, alone and with deaths.

#include "fake_world.hpp"
#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace troupe::test {
namespace {

using pipeline::graph_spec;

struct clean_files {
  clean_files() { files().clear(); }
};

std::size_t lines_in(const std::string& path) {
  const auto& text = files()[path];
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// numbers -> middle -> file "/out"
graph_spec line(const std::string& worker, int count, std::uint32_t replicas) {
  auto middle = stage("middle", worker, {"a"}, {"b"});
  middle.replicas = replicas;
  return {{channel("a"), channel("b")},
          {stage("source", "numbers", {}, {"a"}, R"({"count": )" + std::to_string(count) + "}"),
           middle, stage("sink", "to_file", {"b"}, {}, R"({"path": "/out"})")}};
}

BOOST_FIXTURE_TEST_SUITE(quota_suite, clean_files, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(each_worker_does_exactly_its_quota) {
  for (const auto order : {pipeline::stage_order::any, pipeline::stage_order::preserve}) {
    for (const std::uint64_t quota : {1U, 7U, 10U, 100U}) {
      files().clear();
      auto spec = line("echo", 1000, 3);
      spec.stages[1].order = order;
      fake_world world{spec};
      world.lane(1).quota = quota;
      BOOST_TEST(world.run(), world.report());
      BOOST_TEST(lines_in("/out") == 1000U);
      const auto& retired = world.lane(1).retired;
      BOOST_TEST(std::count(retired.begin(), retired.end(), quota) == std::ssize(retired));
      BOOST_TEST((retired.size() + 3) * quota >= 1000U);
    }
  }
}

BOOST_AUTO_TEST_CASE(one_worker_after_the_other_shares_the_messages_out) {
  fake_world world{line("echo", 35, 1)};
  world.lane(1).quota = 10;
  BOOST_TEST(world.run(), world.report());
  BOOST_TEST(world.lane(1).retired.size() == 3U);
  BOOST_TEST(world.lane(1).starts == 4U);
  BOOST_TEST(lines_in("/out") == 35U);
}

// A sink saves what it has as soon as it is to end; its successor goes on behind that.
BOOST_AUTO_TEST_CASE(a_worker_with_state_hands_it_on) {
  fake_world world{line("echo", 500, 2)};
  world.lane(2).quota = 50;
  BOOST_TEST(world.run(), world.report());
  BOOST_TEST(lines_in("/out") == 500U);
  const auto& retired = world.lane(2).retired;
  BOOST_TEST(retired.size() >= 9U);
  for (const auto done : retired) BOOST_TEST(done == 50U);
}

BOOST_AUTO_TEST_CASE(retries_keep_to_the_quota) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    files().clear();
    auto spec = line("echo", 500, 3);
    for (auto& each : spec.stages) each.retry.max_attempts = 1000; // No message is to blame.
    fake_world world{spec, seed, {.kill_before = 20, .kill_after = 20, .kills_max = 200}};
    for (const std::size_t each : {1U, 2U}) world.lane(each).quota = 20;
    BOOST_TEST(world.run(), world.report());
    BOOST_TEST(lines_in("/out") == 500U);
    for (const auto done : world.lane(1).retired) BOOST_TEST(done == 20U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
