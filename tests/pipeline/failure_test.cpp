// Goal: errors, poison messages, time limits and hopeless workers end as documented.
// Method: simulated lanes; messages that throw, kill their worker or hang it.

#include "fake_world.hpp"
#include "test_workers.hpp"

#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using pipeline::graph_spec;

struct clean_files {
  clean_files() { files().clear(); }
};

std::size_t lines_in(const std::string& path) {
  const auto& text = files()[path];
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool has_line(const std::string& path, const std::string& line) {
  return ("\n" + files()[path]).find("\n" + line + "\n") != std::string::npos;
}

// numbers -> middle -> file "/out"; the dead letters of the middle and of the sink go to "/dead".
graph_spec line(const std::string& worker, int count, const std::string& config,
                std::uint32_t replicas = 1, const std::string& sink_more = "") {
  auto middle = stage("middle", worker, {"a"}, {"b"}, config);
  middle.replicas = replicas;
  middle.dead_letter = "dead";
  auto dead = channel("dead", 1000);
  dead.type = "json";
  auto sink = stage("sink", "to_file", {"b"}, {}, R"({"path": "/out")" + sink_more + "}");
  sink.dead_letter = "dead";
  return {{channel("a"), channel("b"), dead},
          {stage("source", "numbers", {}, {"a"}, R"({"count": )" + std::to_string(count) + "}"),
           middle, sink, stage("graveyard", "to_file", {"dead"}, {}, R"({"path": "/dead"})")}};
}

BOOST_FIXTURE_TEST_SUITE(failure_suite, clean_files, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(message_that_throws_is_retried_and_goes_to_the_dead_letter) {
  for (const auto order : {pipeline::stage_order::any, pipeline::stage_order::preserve}) {
    files().clear();
    auto spec = line("picky", 300, R"({"throws_on": "77"})", 3);
    spec.stages[1].order = order;
    fake_world world{spec};
    BOOST_TEST(world.run());
    BOOST_TEST(lines_in("/out") == 299U);
    BOOST_TEST(!has_line("/out", "77?"));
    const auto seen = world.engine().counters(1);
    BOOST_TEST(seen.errors == 3U);
    BOOST_TEST(seen.retries == 2U);
    BOOST_TEST(seen.dead_letters == 1U);
    BOOST_TEST(seen.dropped == 0U);
    BOOST_TEST(world.kills() == 0U); // The worker lives on.
    const auto record = nlohmann::json::parse(files()["/dead"]);
    BOOST_TEST(record["message"] == "77");
    BOOST_TEST(record["attempts"] == 3);
    BOOST_TEST(record["error"] == "cannot stand 77");
    BOOST_TEST(record["pool"] == "middle");
  }
}

BOOST_AUTO_TEST_CASE(poison_message_is_isolated_and_tells_how_its_worker_ended) {
  for (const auto order : {pipeline::stage_order::any, pipeline::stage_order::preserve}) {
    files().clear();
    auto spec = line("picky", 2000, R"({"dies_on": "1500"})", 2);
    spec.stages[1].order = order;
    fake_world world{spec};
    BOOST_TEST(world.run());
    BOOST_TEST(lines_in("/out") == 1999U);
    BOOST_TEST(world.kills() == 3U);
    const auto record = nlohmann::json::parse(files()["/dead"]);
    BOOST_TEST(record["message"] == "1500");
    BOOST_TEST(record["attempts"] == 3);
    BOOST_TEST(record["exit"]["signal"] == "KILL");
    BOOST_TEST(world.engine().counters(1).dead_letters == 1U);
  }
}

BOOST_AUTO_TEST_CASE(aggregation_leaves_out_the_message_that_throws) {
  fake_world world{line("tally", 500, R"({"throws_on": "250"})")};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_in("/out") == 499U);
  BOOST_TEST(has_line("/out", "249=1"));
  BOOST_TEST(has_line("/out", "251=1"));
  BOOST_TEST(nlohmann::json::parse(files()["/dead"])["error"] == "cannot count 250");
}

BOOST_AUTO_TEST_CASE(sink_leaves_out_the_message_that_throws) {
  fake_world world{line("echo", 500, "{}", 1, R"(, "throws_on": "250")")};
  BOOST_TEST(world.run());
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    if (i != 250) expected += std::to_string(i) + "\n";
  }
  BOOST_TEST(files()["/out"] == expected);
  BOOST_TEST(world.engine().counters(2).dead_letters == 1U);
}

BOOST_AUTO_TEST_CASE(dead_letter_without_channel_is_dropped_and_counted) {
  auto spec = line("picky", 100, R"({"throws_on": "5"})");
  spec.stages[1].dead_letter.clear();
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(world.engine().counters(1).dropped == 1U);
  BOOST_TEST(world.dead_letters.size() == 1U);
}

BOOST_AUTO_TEST_CASE(dead_letter_channel_that_nobody_reads_does_not_block) {
  auto spec = line("picky", 100, R"({"throws_on": "5"})");
  spec.stages.pop_back();
  spec.channels[2].capacity = 1;
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(world.engine().channel_at(2).size().count == 1U);
}

BOOST_AUTO_TEST_CASE(retry_can_be_switched_off) {
  auto spec = line("picky", 100, R"({"throws_on": "5"})");
  spec.stages[1].retry.on_error = false;
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(world.engine().counters(1).errors == 1U);
}

BOOST_AUTO_TEST_CASE(worker_that_cannot_work_at_all_fails_the_pipeline_with_its_words) {
  fake_world world{line("picky", 100, R"({"stops_on": "50"})")};
  BOOST_TEST(!world.run());
  BOOST_REQUIRE(world.failures.size() == 1U);
  BOOST_TEST(world.failures[0] == "pool 'middle': the disk is full");
}

BOOST_AUTO_TEST_CASE(sink_that_cannot_open_its_file_fails_the_pipeline) {
  auto spec = line("echo", 100, "{}");
  spec.stages[2].worker.config_json = R"({"path": "/missing"})";
  fake_world world{spec};
  BOOST_TEST(!world.run());
  BOOST_REQUIRE(world.failures.size() == 1U);
  BOOST_TEST(world.failures[0] == "pool 'sink': cannot open /missing: no such file");
}

BOOST_AUTO_TEST_CASE(unknown_worker_is_named_with_a_neighbour) {
  fake_world world{line("ecko", 100, "{}")};
  BOOST_TEST(!world.run());
  BOOST_TEST(world.failures.at(0).find("did you mean 'echo'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(missing_config_value_is_named) {
  auto spec = line("echo", 100, "{}");
  spec.stages[2].worker.config_json = "{}";
  fake_world world{spec};
  BOOST_TEST(!world.run());
  BOOST_TEST(world.failures.at(0).find("config.path is missing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(worker_of_another_role_than_the_file_says_is_refused) {
  auto spec = line("echo", 100, "{}");
  spec.stages[1].role = worker_role::aggregation;
  fake_world world{spec};
  BOOST_TEST(!world.run());
  BOOST_TEST(world.failures.at(0).find("is a transform, not a aggregation") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hung_worker_is_killed_and_its_message_goes_to_another) {
  auto spec = line("echo", 400, "{}", 4);
  spec.stages[1].message_timeout = 5s;
  spec.stages[1].max_in_flight = 1;
  fake_world world{spec};
  while (world.engine().counters(1).done < 50) BOOST_REQUIRE(world.step());
  world.lane(1).hang(slot_id{2});
  BOOST_TEST(world.run());
  BOOST_TEST(lines_in("/out") == 400U);
  BOOST_TEST(world.engine().counters(1).timeouts == 1U);
  BOOST_TEST((world.lane(1).last_kill_reason == end_reason::message_timeout));
  BOOST_TEST(world.engine().counters(1).dead_letters == 0U);
}

BOOST_AUTO_TEST_CASE(full_rejecting_channel_is_an_error_of_the_message) {
  auto spec = line("echo", 400, "{}");
  spec.channels[1].capacity = 2;
  spec.channels[1].policy = pipeline::when_full::reject;
  spec.stages[1].retry.max_attempts = 1;
  fake_world world{spec};
  BOOST_TEST(world.run());
  const auto dead = world.engine().counters(1).dead_letters;
  BOOST_TEST(dead > 0U);
  BOOST_TEST(lines_in("/out") + dead == 400U);
  BOOST_TEST(lines_in("/dead") == dead);
}

BOOST_AUTO_TEST_CASE(oversized_output_goes_to_the_dead_letter) {
  auto spec = line("inflate", 3, "{}");
  spec.channels[2].max_message_bytes = 8 << 20;
  spec.channels[2].max_bytes = 32 << 20;
  fake_world world{spec};
  BOOST_TEST(world.run());
  BOOST_TEST(lines_in("/out") == 0U);
  BOOST_TEST(world.engine().counters(1).dead_letters == 3U);
  BOOST_TEST(world.dead_letters.at(0).find("max_message_bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_logged_of_a_message_given_up_is_short_and_tells_its_length) {
  std::string long_text = "5 MiB of euros: ";
  while (long_text.size() < (std::size_t{5} << 20)) long_text += "\xe2\x82\xac";
  pipeline::attempt_failure cause;
  cause.text = long_text;
  cause.exit = exit_record{};
  cause.exit->stderr_tail = {long_text, long_text};
  for (const auto& message : {long_text, std::string(long_text.size(), '\xff')}) {
    const auto bytes = pipeline::detail::as_bytes(message);
    const auto line = pipeline::dead_letter_line("pool", bytes, 1, cause);
    BOOST_TEST(line.size() < 10000U);
    BOOST_TEST(nlohmann::json::parse(line)["message_bytes"] == message.size());
    // The channel gets all of it.
    BOOST_TEST(pipeline::dead_letter_record("pool", bytes, 1, cause).size() > message.size());
  }
  const auto short_one = pipeline::detail::as_bytes(std::string_view{"abc"});
  BOOST_TEST(pipeline::dead_letter_line("pool", short_one, 1, {}) ==
             pipeline::dead_letter_record("pool", short_one, 1, {}));
}

BOOST_AUTO_TEST_CASE(an_error_as_long_as_its_message_is_cut) {
  const std::string config = R"({"throws_on": "7", "text": ")" + std::string(100000, 'y') + "\"}";
  fake_world world{line("picky", 10, config)};
  BOOST_TEST(world.run());
  const auto record = nlohmann::json::parse(files()["/dead"]);
  const auto error = record["error"].get<std::string>();
  BOOST_TEST(error.size() < 20000U);
  BOOST_TEST(error.ends_with("(100000 bytes)"));
}

// RFC 4648: of every length, with its padding.
BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_told_in_base64) {
  const std::pair<std::string_view, const char*> samples[] = {
      {"\xff", "/w=="},
      {"\xff\xfe", "//4="},
      {"\xff\xfe\xfd", "//79"},
      {"\xff\xfe\xfd"
       "a",
       "//79YQ=="},
      {"\xff\xfe\xfd"
       "ab",
       "//79YWI="},
  };
  for (const auto& [message, expected] : samples) {
    const auto record = nlohmann::json::parse(pipeline::dead_letter_record(
        "middle", pipeline::detail::as_bytes(message), 1, pipeline::attempt_failure{}));
    BOOST_TEST(record.at("message_base64") == expected);
    BOOST_TEST(!record.contains("message"));
  }
}

BOOST_AUTO_TEST_CASE(transform_goes_on_without_an_abandoned_slot_but_not_without_all) {
  fake_world world{line("echo", 400, "{}", 2)};
  while (world.engine().counters(1).done < 50) BOOST_REQUIRE(world.step());
  world.lane(1).abandon(slot_id{0});
  BOOST_TEST(world.run());
  BOOST_TEST(lines_in("/out") == 400U);

  files().clear();
  fake_world second{line("echo", 400, "{}", 1)};
  while (second.engine().counters(1).done < 50) BOOST_REQUIRE(second.step());
  second.lane(1).abandon(slot_id{0});
  BOOST_TEST(!second.run());
  BOOST_TEST(second.failures.at(0).find("no worker is left") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(forgiven_death_counts_no_attempt) {
  auto spec = line("echo", 200, "{}");
  for (auto& each : spec.stages) each.retry.max_attempts = 100000;
  spec.stages[1].retry.max_attempts = 1;
  fake_world world{spec, 1, {.kill_after = 300}};
  while (world.engine().state() == pipeline::engine_state::running) {
    world.engine().stage_at(1).forgive(slot_id{0});
    if (!world.step()) break;
  }
  BOOST_TEST(world.kills() > 5U);
  BOOST_TEST(lines_in("/out") == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
