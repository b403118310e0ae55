// Goal: kill any worker at any instant: the committed output is the same, nothing lost, nothing
// twice, the bounds hold, and the pipeline ends.
// Method: random pipelines on simulated lanes that die before, inside and after jobs, refuse posts
// and lie; each is compared with the run in which nobody dies. Seeds are printed.

#include "fake_world.hpp"
#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
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

// An answer in good form that is none to what was asked.
struct forgery {
  const char* what;
  const char* worker;
  std::function<bool(pipeline::commit&)> change;
};

std::vector<forgery> forgeries() {
  static constexpr std::byte one_message[] = {std::byte{1}, std::byte{0}, std::byte{0},
                                              std::byte{0}, std::byte{'!'}};
  static constexpr std::byte some_state[8] = {};
  return {
      {"nothing was consumed", "echo",
       [](pipeline::commit& value) {
         value.outputs_of.clear();
         value.outputs = {};
         value.outputs_size = {};
         return true;
       }},
      {"more was consumed than given", "echo",
       [](pipeline::commit& value) {
         value.outputs_of.insert(value.outputs_of.end(), 5000, 0);
         return true;
       }},
      {"outputs that no input has", "echo",
       [](pipeline::commit& value) {
         if (value.outputs_of.empty()) return false;
         --value.outputs_of.front();
         return true;
       }},
      {"a state of a worker that has none", "echo",
       [](pipeline::commit& value) {
         value.state = some_state;
         return true;
       }},
      {"outputs of an input that threw", "echo",
       [](pipeline::commit& value) {
         if (value.outputs_of.empty()) return false;
         value.errors.push_back({0, false, "no", 1});
         return true;
       }},
      {"a last input that goes on and threw", "echo",
       [](pipeline::commit& value) {
         if (value.outputs_of.empty()) return false;
         value.goes_on = true;
         value.cursor = {};
         return true;
       }},
      {"outputs of a table that is not saved", "tally",
       [](pipeline::commit& value) {
         if (value.state || !value.errors.empty() || value.outputs_of.empty()) return false;
         value.outputs = one_message;
         value.outputs_size = {1, 1};
         value.outputs_of.back() = 1;
         return true;
       }},
      {"a part of what a table was given", "tally",
       [](pipeline::commit& value) {
         if (value.state || value.outputs_of.size() < 2) return false;
         value.outputs_of.pop_back();
         return true;
       }},
  };
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

// What the other messages of its batch have done is done again from the last saved table, whatever
// happens meanwhile.
BOOST_AUTO_TEST_CASE(a_message_that_throws_costs_itself_alone_amid_deaths) {
  const auto seed = first_seed();
  for (std::uint64_t i = 0; i < rounds(100); ++i) {
    graph_spec spec;
    spec.channels = {channel("in", 40), channel("out", 40)};
    auto count = stage("count", "tally", {"in"}, {"out"}, R"({"throws_on": "37"})");
    count.retry.max_attempts = 20;
    count.checkpoint.messages = 1 + static_cast<std::uint32_t>((seed + i) % 50);
    auto sink = stage("sink", "to_file", {"out"}, {}, R"({"path": "/out"})");
    sink.retry.max_attempts = 1000; // Of the deaths, which are not its messages' fault.
    spec.stages = {stage("source", "numbers", {}, {"in"}, R"({"count": 60})"), count, sink};
    spec.stages.front().retry.max_attempts = 1000;
    files().clear();
    fake_world world{spec, seed + i, {.kill_before = 100, .kill_after = 100, .kills_max = 60}};
    BOOST_REQUIRE_MESSAGE(world.run(), "did not end, seed " << seed + i << world.report());
    std::vector<std::string> expected;
    for (int number = 0; number < 60; ++number) {
      if (number != 37) expected.push_back(std::to_string(number) + "=1");
    }
    std::sort(expected.begin(), expected.end());
    BOOST_REQUIRE_MESSAGE(sorted_lines("/out") == expected, "lines differ, seed " << seed + i);
    BOOST_REQUIRE(world.dead_letters.size() == 1);
  }
}

// In good form, and yet no answer to what was asked: the worker is replaced, and nothing of it
// counts.
BOOST_AUTO_TEST_CASE(an_answer_that_cannot_be_costs_its_worker_and_no_message) {
  for (const auto& [what, worker, change] : forgeries()) {
    graph_spec spec;
    spec.channels = {channel("in", 40), channel("out", 40)};
    auto middle = stage("middle", worker, {"in"}, {"out"});
    middle.checkpoint.messages = 1000;
    auto sink = stage("sink", "to_file", {"out"}, {}, R"({"path": "/out"})");
    spec.stages = {stage("source", "numbers", {}, {"in"}, R"({"count": 200})"), middle, sink};
    files().clear();
    fake_world honest{spec};
    BOOST_TEST_REQUIRE(honest.run());
    const auto expected = sorted_lines("/out");

    files().clear();
    fake_world world{spec};
    world.lane(1).forge = change;
    BOOST_TEST_CONTEXT(what) {
      BOOST_TEST(world.run());
      BOOST_TEST(!world.lane(1).forge); // It was forged.
      BOOST_TEST(world.lane(1).kills == 1U);
      BOOST_TEST(sorted_lines("/out") == expected, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
