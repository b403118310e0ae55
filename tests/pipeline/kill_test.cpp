// Goal: kill any worker at any instant: the committed output is the same, nothing lost, nothing
// twice, the bounds hold, and the pipeline ends.
// Method: random pipelines on simulated lanes that die before, inside and after jobs, refuse posts
// and lie; each is compared with the run in which nobody dies. Seeds are printed.

#include "fake_world.hpp"
#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using pipeline::graph_spec;

std::vector<std::string> sorted_lines(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream in{files()[path]};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// A random line of stages, sometimes with a branch, that ends in a file.
struct plan {
  graph_spec spec;
  bool is_ordered = true;
};

plan random_plan(std::mt19937_64& random) {
  static const std::vector<std::string> workers{"echo", "twice", "odd_only", "unfold", "tally"};
  plan made;
  const auto capacity = [&] { return 1 + random() % 40; };
  made.spec.channels.push_back(channel("c0", capacity()));
  made.spec.stages.push_back(stage("source", "numbers", {}, {"c0"}));
  auto count = 1 + random() % 400;
  const auto length = random() % 3;
  std::string from = "c0";
  for (std::size_t i = 0; i < length; ++i) {
    const auto to = "c" + std::to_string(i + 1);
    made.spec.channels.push_back(channel(to, capacity()));
    // An unfolded line is no number: only the first stage may unfold.
    auto worker = workers[random() % workers.size()];
    if (i > 0 && worker == "unfold") worker = "echo";
    if (worker == "unfold") count = std::min<std::uint64_t>(count, 50);
    auto next = stage("stage" + std::to_string(i), worker, {from}, {to});
    next.order = random() % 2 == 0 ? pipeline::stage_order::any : pipeline::stage_order::preserve;
    next.retry.max_attempts = 1000;
    next.max_in_flight = random() % 3 == 0 ? 1 + static_cast<std::uint32_t>(random() % 8) : 0;
    next.checkpoint.messages = 1 + static_cast<std::uint32_t>(random() % 100);
    if (worker != "tally") next.replicas = 1 + static_cast<std::uint32_t>(random() % 4);
    const bool keeps_order = next.replicas == 1 || next.order == pipeline::stage_order::preserve;
    // A retried message of an unordered stage comes later, even with one worker.
    made.is_ordered =
        made.is_ordered && (keeps_order && next.order == pipeline::stage_order::preserve);
    if (worker == "tally") made.is_ordered = true; // Its table is sorted.
    made.spec.stages.push_back(next);
    from = to;
  }
  auto sink = stage("sink", "to_file", {from}, {}, R"({"path": "/out"})");
  sink.retry.max_attempts = 1000;
  made.spec.stages.front().retry.max_attempts = 1000;
  made.spec.stages.front().worker.config_json = R"({"count": )" + std::to_string(count) + "}";
  made.spec.stages.push_back(sink);
  return made;
}

void check_plan(std::uint64_t seed, const fate& chances) {
  std::mt19937_64 random{seed};
  const auto made = random_plan(random);
  files().clear();
  fake_world calm{made.spec, seed};
  BOOST_REQUIRE_MESSAGE(calm.run(), "calm run did not end, seed " << seed);
  const auto expected = files()["/out"];
  const auto expected_lines = sorted_lines("/out");

  files().clear();
  fake_world wild{made.spec, seed + 1, chances};
  const bool has_ended = wild.run();
  BOOST_REQUIRE_MESSAGE(has_ended, "did not end, seed " << seed << ", kills " << wild.kills()
                                                        << wild.report());
  if (made.is_ordered) {
    BOOST_REQUIRE_MESSAGE(files()["/out"] == expected, "output differs, seed " << seed);
  } else {
    BOOST_REQUIRE_MESSAGE(sorted_lines("/out") == expected_lines, "lines differ, seed " << seed);
  }
  BOOST_REQUIRE(wild.dead_letters.empty());
}

std::uint64_t first_seed() {
  const char* const given = std::getenv("TROUPE_TEST_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  BOOST_TEST_MESSAGE("first seed " << seed << "; TROUPE_TEST_SEED repeats it");
  return seed;
}

std::uint64_t rounds(std::uint64_t normal) {
  const char* const given = std::getenv("TROUPE_TEST_ROUNDS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : normal;
}

BOOST_AUTO_TEST_SUITE(kill_suite, *boost::unit_test::timeout(250))

BOOST_AUTO_TEST_CASE(output_is_the_same_however_many_workers_die) {
  const auto seed = first_seed();
  for (std::uint64_t i = 0; i < rounds(300); ++i) {
    check_plan(seed + i,
               {.kill_before = 20, .kill_after = 30, .kill_inside = 2, .refuse_post = 50});
  }
}

BOOST_AUTO_TEST_CASE(output_is_the_same_when_rings_are_nearly_always_full) {
  const auto seed = first_seed();
  for (std::uint64_t i = 0; i < rounds(100); ++i) {
    check_plan(seed + i, {.kill_after = 5, .refuse_post = 700});
  }
}

BOOST_AUTO_TEST_CASE(a_storm_of_kills_only_delays) {
  const auto seed = first_seed();
  for (std::uint64_t i = 0; i < rounds(60); ++i) {
    check_plan(seed + i,
               {.kill_before = 300, .kill_after = 300, .kill_inside = 20, .kills_max = 400});
  }
}

// The bytes decide nothing but whether the worker is replaced: the host neither crashes nor hangs.
// What a liar commits in good form counts, so outputs are not compared.
BOOST_AUTO_TEST_CASE(lying_workers_are_survived) {
  const auto seed = first_seed();
  for (std::uint64_t i = 0; i < rounds(200); ++i) {
    std::mt19937_64 random{seed + i};
    const auto made = random_plan(random);
    files().clear();
    fake_world world{made.spec, seed + i, {.lie = 100, .kills_max = 200}};
    world.run(200000);
    BOOST_REQUIRE(world.finished + static_cast<int>(world.failures.size()) <= 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
