// Goal: the pipelines of the samples give the same lines on disk however often their workers die,
// and with order: preserve the same bytes.
// Method: the builtins in the real engine, on simulated lanes that die at random; real files.

#include "driver.hpp"

#include "pipeline/fake_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using nlohmann::json;
using pipeline::graph_spec;

pipeline::channel_spec channel(std::string name) {
  pipeline::channel_spec spec;
  spec.name = std::move(name);
  spec.type = "string";
  spec.capacity = 50;
  return spec;
}

pipeline::stage_spec stage(const std::string& worker, std::vector<std::string> inputs,
                           std::vector<std::string> outputs, const json& config = json::object(),
                           std::uint32_t replicas = 1) {
  pipeline::stage_spec spec;
  spec.name = worker;
  spec.worker.name = worker;
  spec.worker.config_json = config.dump();
  spec.inputs = std::move(inputs);
  spec.outputs = std::move(outputs);
  spec.replicas = replicas;
  spec.retry.max_attempts = 1000;
  return spec;
}

constexpr fate often{.kill_before = 60, .kill_after = 80};

// A folder with files of many sizes, some of them with odd names.
void fill(const scratch_folder& folder, std::mt19937& random) {
  const std::vector<std::string> words{"the", "quick", "fox", "jumps", "Over", "\xc3\xa4pfel"};
  for (int i = 0; i < 60; ++i) {
    std::string text;
    const auto count = random() % 400;
    for (unsigned j = 0; j < count; ++j) {
      text += words[random() % words.size()] + (random() % 5 == 0 ? "\n" : " ");
    }
    folder.write("in/" + std::to_string(i % 7) + "/f" + std::to_string(i), text);
  }
}

std::string sorted(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string joined;
  for (const auto& each : lines) joined += each + '\n';
  return joined;
}

// Runs it once calmly and several times with deaths; returns the calm output.
std::string same_each_time(const scratch_folder& folder, const graph_spec& spec, bool is_ordered,
                           std::uint64_t seed) {
  actors::install_builtins();
  fake_world calm{spec, seed};
  BOOST_REQUIRE(calm.run());
  const auto expected = content_of(folder / "out");
  std::uint64_t kills = 0;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    fake_world wild{spec, seed + i, often};
    BOOST_REQUIRE_MESSAGE(wild.run(), "seed " << seed + i << wild.report());
    const auto got = content_of(folder / "out");
    BOOST_REQUIRE_MESSAGE(is_ordered ? got == expected : sorted(got) == sorted(expected),
                          "seed " << seed + i);
    kills += wild.kills();
  }
  BOOST_TEST(kills > 10U);
  return expected;
}

struct world_of_files {
  world_of_files() : seed{std::random_device{}()}, random{seed} {
    BOOST_TEST_MESSAGE("seed " << seed);
    fill(folder, random);
  }
  scratch_folder folder;
  unsigned seed;
  std::mt19937 random;
};

BOOST_FIXTURE_TEST_SUITE(pipelines_suite, world_of_files, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(checksums_of_a_tree_in_order) {
  auto hash = stage("sha256", {"paths"}, {"sums"}, json::object(), 3);
  hash.order = pipeline::stage_order::preserve;
  const graph_spec spec{{channel("paths"), channel("sums")},
                        {stage("file_tree", {}, {"paths"}, {{"root", folder / "in"}}), hash,
                         stage("lines_to_file", {"sums"}, {}, {{"path", folder / "out"}})}};
  const auto text = same_each_time(folder, spec, true, seed);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 60);
}

BOOST_AUTO_TEST_CASE(words_of_a_tree) {
  const graph_spec spec{{channel("paths"), channel("lines"), channel("counts")},
                        {stage("file_tree", {}, {"paths"}, {{"root", folder / "in"}}),
                         stage("file_lines", {"paths"}, {"lines"}, json::object(), 2),
                         stage("word_count", {"lines"}, {"counts"}),
                         stage("lines_to_file", {"counts"}, {}, {{"path", folder / "out"}})}};
  const auto text = same_each_time(folder, spec, true, seed);
  std::map<std::string, std::uint64_t> expected;
  for (const auto& each : std::filesystem::recursive_directory_iterator{folder / "in"}) {
    if (!each.is_regular_file()) continue;
    std::istringstream in{content_of(each.path().string())};
    for (std::string word; in >> word;) ++expected[word];
  }
  std::string lines;
  for (const auto& [word, count] : expected) lines += std::to_string(count) + ' ' + word + '\n';
  BOOST_TEST(text == lines);
}

BOOST_AUTO_TEST_CASE(copy_of_a_tree) {
  const json copy{{"root", folder / "in"}, {"target", folder / "copy"}};
  const graph_spec spec{{channel("paths"), channel("copied")},
                        {stage("file_tree", {}, {"paths"}, {{"root", folder / "in"}}),
                         stage("copy_file", {"paths"}, {"copied"}, copy, 4),
                         stage("lines_to_file", {"copied"}, {}, {{"path", folder / "out"}})}};
  same_each_time(folder, spec, false, seed);
  int files = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator{folder / "copy"}) {
    if (!each.is_regular_file()) continue;
    ++files;
    const auto relative = std::filesystem::relative(each.path(), folder / "copy").string();
    BOOST_REQUIRE(content_of(each.path().string()) == content_of(folder / ("in/" + relative)));
  }
  BOOST_TEST(files == 60);
}

BOOST_AUTO_TEST_CASE(commands_as_workers) {
  auto talk = stage("exec", {"lines"}, {"said"}, {{"command", {TALKER, "echo"}}}, 2);
  talk.order = pipeline::stage_order::preserve;
  const graph_spec spec{{channel("lines"), channel("said")},
                        {stage("lines_from_file", {}, {"lines"}, {{"path", folder / "in/1/f1"}}),
                         talk, stage("lines_to_file", {"said"}, {}, {{"path", folder / "out"}})}};
  actors::install_builtins();
  fake_world wild{spec, seed, often};
  BOOST_TEST(wild.run());
  std::string expected;
  std::istringstream in{content_of(folder / "in/1/f1")};
  for (std::string line; std::getline(in, line);) expected += ">" + line + "\n";
  BOOST_TEST(content_of(folder / "out") == expected);
}

BOOST_AUTO_TEST_CASE(full_disk_fails_the_pipeline_and_says_so) {
  const graph_spec spec{{channel("paths")},
                        {stage("file_tree", {}, {"paths"}, {{"root", folder / "in"}}),
                         stage("lines_to_file", {"paths"}, {}, {{"path", "/dev/full"}})}};
  actors::install_builtins();
  fake_world world{spec, seed};
  BOOST_TEST(!world.run());
  BOOST_TEST(world.failures.at(0) ==
             "pool 'lines_to_file': cannot write to /dev/full: No space left "
             "on device; free some space and run again");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
