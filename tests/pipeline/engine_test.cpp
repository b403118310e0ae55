// Goal: stages of every role work together, end by themselves, keep order where asked, and push
// back.
// Method: the real engine and the real worker session, joined by simulated lanes; no process.

#include "troupe/pipeline/engine.hpp"

#include "fake_world.hpp"
#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using pipeline::graph_spec;

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream in{files()[path]};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> count_up(int count, const std::string& suffix = "") {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back(std::to_string(i) + suffix);
  return lines;
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

// numbers -> worker -> file "/out"
graph_spec line(const std::string& worker, int count, std::uint32_t replicas = 1,
                const std::string& config = "{}") {
  auto middle = stage("middle", worker, {"a"}, {"b"}, config);
  middle.replicas = replicas;
  return {{channel("a"), channel("b")},
          {stage("source", "numbers", {}, {"a"}, R"({"count": )" + std::to_string(count) + "}"),
           middle, stage("sink", "to_file", {"b"}, {}, R"({"path": "/out"})")}};
}

struct clean_files {
  clean_files() { files().clear(); }
};

BOOST_FIXTURE_TEST_SUITE(engine_suite, clean_files, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(source_transform_and_sink_pass_everything_and_end) {
  fake_world world{line("echo", 1000)};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out") == count_up(1000), boost::test_tools::per_element());
  BOOST_TEST(world.finished == 1);
  const auto middle = world.engine().counters(1);
  BOOST_TEST(middle.in == 1000U);
  BOOST_TEST(middle.done == 1000U);
  BOOST_TEST(middle.out == 1000U);
  BOOST_TEST(middle.in_flight == 0U);
  BOOST_TEST(world.engine().counters(2).done == 1000U);
}

BOOST_AUTO_TEST_CASE(empty_source_ends) {
  fake_world world{line("echo", 0)};
  BOOST_TEST(world.run());
  BOOST_TEST(files()["/out"].empty());
}

BOOST_AUTO_TEST_CASE(any_order_gives_the_same_lines_over_four_workers) {
  fake_world world{line("echo", 2000, 4)};
  BOOST_TEST(world.run());
  BOOST_TEST(sorted(lines_of("/out")) == sorted(count_up(2000)), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(preserve_gives_the_same_sequence_over_four_workers) {
  auto spec = line("echo", 2000, 4);
  spec.stages[1].order = pipeline::stage_order::preserve;
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out") == count_up(2000), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(none_or_many_outputs_of_one_input) {
  fake_world odd{line("odd_only", 100)};
  BOOST_TEST(odd.run());
  BOOST_TEST(lines_of("/out").size() == 50U);
  files().clear();
  fake_world two{line("twice", 100)};
  BOOST_TEST(two.run());
  BOOST_TEST(lines_of("/out").size() == 200U);
  BOOST_TEST(lines_of("/out")[1] == "0b");
}

BOOST_AUTO_TEST_CASE(typed_messages_travel_between_stages) {
  auto spec = line("to_point", 50);
  spec.channels.push_back(channel("c"));
  spec.stages[2].inputs = {"c"};
  spec.stages.push_back(stage("back", "from_point", {"b"}, {"c"}));
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out")[49] == "p49=49");
}

BOOST_AUTO_TEST_CASE(types_that_differ_fail_the_pipeline_and_name_both_pools) {
  auto spec = line("to_point", 50);
  spec.channels.push_back(channel("c"));
  spec.stages[2].inputs = {"c"};
  spec.stages.push_back(stage("back", "from_number", {"b"}, {"c"}));
  fake_world world{spec};
  BOOST_TEST(!world.run());
  BOOST_REQUIRE(world.failures.size() == 1U);
  BOOST_TEST(world.failures[0].find("'middle'") != std::string::npos);
  BOOST_TEST(world.failures[0].find("'back'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(aggregation_gives_its_table_at_the_end) {
  fake_world world{line("tally", 300)};
  BOOST_TEST(world.run());
  BOOST_TEST(sorted(lines_of("/out")) == sorted(count_up(300, "=1")),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(aggregation_saves_its_table_by_count_and_by_time) {
  auto spec = line("tally", 2000);
  spec.stages[1].checkpoint = {100, 1h};
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(world.engine().counters(1).commits >= 10U);
}

BOOST_AUTO_TEST_CASE(one_message_into_many_in_pieces) {
  auto spec = line("unfold", 30, 3);
  spec.stages[1].order = pipeline::stage_order::preserve;
  fake_world world{spec};
  BOOST_TEST(world.run());
  const auto lines = lines_of("/out");
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < i; ++j) expected.push_back(std::to_string(i) + "." + std::to_string(j));
  }
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(long_messages_travel_in_parts) {
  auto spec = line("inflate", 12, 2);
  spec.channels[1].max_message_bytes = 16 << 20;
  spec.stages[1].order = pipeline::stage_order::preserve;
  spec.channels.push_back(channel("c"));
  spec.stages[2].inputs = {"c"};
  spec.stages.push_back(stage("measure", "length_of", {"b"}, {"c"}));
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out").size() == 12U);
  BOOST_TEST(lines_of("/out")[0] == "03145728");
}

BOOST_AUTO_TEST_CASE(large_state_and_large_result_travel_in_parts) {
  fake_world world{line("tally", 500, 1, R"({"padding": 10000})")};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out").size() == 500U);
}

BOOST_AUTO_TEST_CASE(broadcast_gives_every_message_to_each_output) {
  auto spec = line("echo", 200);
  spec.channels.push_back(channel("c", 3));
  spec.stages[1].outputs = {"b", "c"};
  spec.stages.push_back(stage("other", "to_file", {"c"}, {}, R"({"path": "/other"})"));
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out") == count_up(200), boost::test_tools::per_element());
  BOOST_TEST(lines_of("/other") == count_up(200), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(several_producers_end_the_channel_together) {
  auto spec = line("echo", 100);
  spec.stages.push_back(stage("source2", "numbers", {}, {"a"}, R"({"count": 50})"));
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_of("/out").size() == 150U);
}

BOOST_AUTO_TEST_CASE(two_stages_share_one_input) {
  auto spec = line("echo", 300);
  spec.stages.push_back(stage("second", "echo", {"a"}, {"b"}));
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(sorted(lines_of("/out")) == sorted(count_up(300)), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(hung_sink_stops_the_source_at_the_bounds) {
  auto spec = line("echo", 100000);
  spec.channels[0].capacity = 10;
  spec.channels[1].capacity = 10;
  fake_world world{spec};
  while (world.engine().counters(2).done == 0) BOOST_REQUIRE(world.step());
  world.lane(2).hang(slot_id{0});
  while (world.step()) {
  }
  BOOST_TEST(world.engine().channel_at(0).counters().depth_max <= 10U);
  BOOST_TEST(world.engine().channel_at(1).counters().depth_max <= 10U);
  BOOST_TEST(world.engine().counters(0).out < 1500U);
}

BOOST_AUTO_TEST_CASE(dropping_channel_accounts_for_every_message) {
  auto spec = line("echo", 5000);
  spec.channels[1].capacity = 5;
  spec.channels[1].policy = pipeline::when_full::drop_oldest;
  fake_world world{spec};
  BOOST_TEST(world.run());
  const auto seen = world.engine().channel_at(1).counters();
  BOOST_TEST(lines_of("/out").size() + seen.dropped == 5000U);
  BOOST_TEST(lines_of("/out").back() == "4999");
}

BOOST_AUTO_TEST_CASE(host_program_pushes_and_takes_messages) {
  auto in = channel("in", 4);
  auto out = channel("out", 4);
  in.is_external = out.is_external = true;
  fake_world world{graph_spec{{in, out}, {stage("middle", "echo", {"in"}, {"out"})}}};
  auto& engine = world.engine();
  int pushed = 0;
  std::string taken;
  for (int i = 0; i < 10000 && engine.state() == pipeline::engine_state::running; ++i) {
    if (pushed < 20) {
      const auto text = std::to_string(pushed);
      if (engine.push(0, std::as_bytes(std::span{text})) == pipeline::push_result::accepted)
        ++pushed;
      if (pushed == 20) engine.close(0);
    }
    world.step();
    const auto block = engine.pop(1, {2, 1000});
    pipeline::bytes_view rest{block};
    while (const auto message = pipeline::unpack(rest)) {
      taken += std::string{pipeline::detail::as_text(*message)} + " ";
    }
  }
  BOOST_TEST(taken == "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ");
}

BOOST_AUTO_TEST_CASE(stop_producing_drains_and_ends) {
  fake_world world{line("echo", 100000000)};
  while (world.engine().counters(2).done < 100) BOOST_REQUIRE(world.step());
  world.engine().stop_producing();
  BOOST_TEST(world.run());
  const auto given = world.engine().counters(0).out;
  BOOST_TEST(lines_of("/out") == count_up(static_cast<int>(given)),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(slot_that_is_added_gets_work_and_held_slot_gets_none) {
  auto spec = line("echo", 3000, 2);
  fake_world world{spec};
  world.lane(1).add_slot();
  world.engine().stage_at(1).hold(slot_id{0}, true);
  BOOST_TEST(world.run());
  BOOST_TEST(world.engine().stage_at(1).is_idle(slot_id{2}));
  BOOST_TEST(lines_of("/out").size() == 3000U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
