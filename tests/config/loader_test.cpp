// Goal: a right file gives the spec that it says, defaults included.
// Method: small files are loaded; the plain data is compared.

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace troupe::config::test {
namespace {

using namespace std::chrono_literals;

troupe_spec load_pool(const std::string& keys, const load_options& options = options_with()) {
  return must_load("version: 1\npools:\n  a: " + keys + "\n", options);
}

// The first lines about one pool on line 3.
std::vector<std::string> pool_errors(const std::string& keys) {
  return headlines("version: 1\npools:\n  a: " + keys + "\n");
}

BOOST_AUTO_TEST_SUITE(loader_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(a_minimal_file_has_every_default) {
  const auto spec = load_pool("{ worker: w }");
  BOOST_TEST(spec.name == "t");
  BOOST_TEST((spec.shutdown_timeout == 60s));
  BOOST_TEST(!spec.control.enabled.has_value());
  const auto& pool = spec.pools.at(0);
  BOOST_TEST((pool.kind == pool_kind::worker));
  BOOST_TEST(pool.enabled);
  BOOST_TEST(*pool.replicas == 1U);
  BOOST_TEST(pool.max_in_flight == 64U);
  BOOST_TEST((pool.restart.policy == restart_type::permanent));
  BOOST_TEST(!pool.restart.intensity.has_value());
  BOOST_TEST((pool.restart.period == 30s));
  BOOST_TEST((pool.stop.timeout == 10s));
  BOOST_TEST((pool.stop.drain == 0s));
  BOOST_TEST((pool.checkpoint.messages == 1000U && pool.checkpoint.period == 100ms));
  BOOST_TEST((pool.retry.max_attempts == 3U && pool.retry.backoff.max == 10s));
  BOOST_TEST((pool.log_stdout == output_mode::capture));
}

BOOST_AUTO_TEST_CASE(restart_words_have_aliases) {
  for (const auto& [word, policy] : {std::pair{"permanent", restart_type::permanent},
                                     {"always", restart_type::permanent},
                                     {"transient", restart_type::transient},
                                     {"on_failure", restart_type::transient},
                                     {"temporary", restart_type::temporary},
                                     {"never", restart_type::temporary}}) {
    const auto spec = load_pool(std::string{"{ worker: w, restart: "} + word + " }");
    BOOST_TEST((spec.pools[0].restart.policy == policy));
  }
  BOOST_TEST(pool_errors("{ worker: w, restart: no }").at(0) ==
             "t.yaml:3:28: error[T006]: pools.a.restart: 'no' is not a restart policy; write never "
             "or temporary");
}

BOOST_AUTO_TEST_CASE(everything_about_restarts_is_read) {
  const auto restart =
      load_pool(
          "{ worker: w, replicas: 4, restart: { policy: transient, intensity: 7, period: 2m, "
          "on_exhausted: park, success_exit: [0, 3, TERM], prevent_exit: [78], force_exit: [75], "
          "backoff: { initial: 10ms, max: 1s, factor: 1.5, jitter: 0, reset_after: 5m } } }")
          .pools[0]
          .restart;
  BOOST_TEST(*restart.intensity == 7U);
  BOOST_TEST((restart.period == 2min));
  BOOST_TEST(restart.parks_when_exhausted);
  BOOST_TEST(
      (restart.success_exit == std::vector{exit_status::exited_with(0), exit_status::exited_with(3),
                                           exit_status::killed_by(SIGTERM)}));
  BOOST_TEST((restart.prevent_exit == std::vector{exit_status::exited_with(78)}));
  BOOST_TEST((restart.force_exit == std::vector{exit_status::exited_with(75)}));
  BOOST_TEST((restart.backoff.initial == 10ms && restart.backoff.max == 1s &&
              restart.backoff.reset_after == 5min));
  BOOST_TEST((restart.backoff.factor == 1.5 && restart.backoff.jitter == 0.0));
  BOOST_TEST(
      *load_pool("{ worker: w, restart: { intensity: unlimited } }").pools[0].restart.intensity ==
      unlimited_restarts);
}

BOOST_AUTO_TEST_CASE(stop_start_recycle_and_limits_are_read) {
  const auto pool =
      load_pool(
          "{ command: [x], stop: { signal: SIGINT, final_signal: 9, timeout: infinity, drain: 3s, "
          "scope: process }, start: { timeout: 9s, stagger: 50ms, method: spawn }, recycle: { "
          "max_age: 1h, "
          "max_memory: 1GiB, jitter: 0.5 }, limits: { nofile: 100, cpu: 1h, core: unlimited, as: "
          "{ soft: 1KiB, hard: unlimited } } }")
          .pools[0];
  BOOST_TEST(pool.stop.signal == SIGINT);
  BOOST_TEST(pool.stop.final_signal == SIGKILL);
  BOOST_TEST(!pool.stop.timeout.has_value());
  BOOST_TEST((pool.stop.drain == 3s && pool.stop.scope == signal_scope::process));
  BOOST_TEST((pool.start.timeout == 9s && pool.start.stagger == 50ms));
  BOOST_TEST((pool.start.method == start_method::spawn));
  BOOST_TEST((load_pool("{ command: [x] }").pools[0].start.method == start_method::zygote));
  BOOST_TEST((pool.recycle.age_max == 1h && pool.recycle.memory_max_bytes == 1U << 30 &&
              pool.recycle.jitter == 0.5));
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> limits;
  for (const auto& one : pool.limits) limits[one.name] = {one.value.soft, one.value.hard};
  constexpr auto none = ~std::uint64_t{0};
  BOOST_TEST((limits["nofile"] == std::pair<std::uint64_t, std::uint64_t>{100, 100}));
  BOOST_TEST((limits["cpu"] == std::pair<std::uint64_t, std::uint64_t>{3600, 3600}));
  BOOST_TEST((limits["core"] == std::pair{none, none}));
  BOOST_TEST((limits["as"] == std::pair{std::uint64_t{1024}, none}));
  BOOST_TEST(
      load_pool("{ worker: w, stop: { timeout: brutal_kill } }").pools[0].stop.is_brutal_kill);
}

BOOST_AUTO_TEST_CASE(text_is_taken_as_written) {
  const auto pool =
      load_pool(
          "{ command: [x, yes, 1.10, 0123, null, ~, 'a b'], env: { A: yes, B: 0123, C: 1.10, D: "
          "null, E: \"\", F: on } }")
          .pools[0];
  BOOST_TEST(
      (pool.command == std::vector<std::string>{"x", "yes", "1.10", "0123", "null", "~", "a b"}));
  BOOST_TEST((
      pool.env ==
      text_map{{"A", "yes"}, {"B", "0123"}, {"C", "1.10"}, {"D", "null"}, {"E", ""}, {"F", "on"}}));
}

BOOST_AUTO_TEST_CASE(a_quoted_number_is_a_number_but_not_a_word) {
  const auto options = options_with({{"N", "4"}, {"AUTO", "auto"}});
  BOOST_TEST(*load_pool("{ worker: w, replicas: \"${N}\" }", options).pools[0].replicas == 4U);
  BOOST_TEST(
      !load_pool("{ worker: w, replicas: \"${AUTO}\" }", options).pools[0].replicas.has_value());
  BOOST_TEST(pool_errors("{ worker: w, replicas: \"two\" }").at(0) ==
             "t.yaml:3:29: error[T004]: pools.a.replicas: expected an integer or auto, got 'two'");
}

BOOST_AUTO_TEST_CASE(an_expanded_value_cannot_change_the_file) {
  const auto options = options_with({{"X", "a\n  b: { worker: evil }\n# \"'"}});
  const auto spec = load_pool("{ command: [\"${X}\"] }", options);
  BOOST_TEST(spec.pools.size() == 1U);
  BOOST_TEST(spec.pools[0].command[0] == "a\n  b: { worker: evil }\n# \"'");
}

BOOST_AUTO_TEST_CASE(set_wins_over_environment_and_vars) {
  const std::string text =
      "version: 1\nvars: { root: var }\npools:\n  a: { command: [x, \"${root}\"] }\n";
  BOOST_TEST(must_load(text).pools[0].command[1] == "var");
  BOOST_TEST(must_load(text, options_with({{"root", "env"}})).pools[0].command[1] == "env");
  const auto spec = must_load(text, options_with({{"root", "env"}}, {{"root", "set"}}));
  BOOST_TEST(spec.pools[0].command[1] == "set");
  BOOST_TEST(spec.vars.at("root") == "set");
  check_headlines(text,
                  {"t.yaml:1:1: error[T012]: vars.rooot: set from outside, but the file neither "
                   "declares nor uses it; "
                   "did you mean 'root'?"},
                  options_with({}, {{"rooot", "x"}}));
}

BOOST_AUTO_TEST_CASE(defaults_lie_under_each_pool_and_channel) {
  const auto spec = must_load(R"(version: 1
defaults:
  pool:
    restart: { policy: transient, backoff: { initial: 1s } }
    env: { A: "1", B: "1" }
    command: [default]
    max_in_flight: 9
  channel: { type: json, capacity: 7 }
channels:
  c: { external: true }
  d: { external: true, capacity: 8 }
pools:
  a: { env: { B: "2" }, restart: temporary }
  b: { worker: w, input: c, restart: { backoff: { max: 2s } } }
)");
  BOOST_TEST((spec.pools[0].env == text_map{{"A", "1"}, {"B", "2"}}));
  BOOST_TEST((spec.pools[0].restart.policy == restart_type::temporary &&
              spec.pools[0].restart.backoff.initial == 1s));
  BOOST_TEST((spec.pools[0].command == std::vector<std::string>{"default"}));
  BOOST_TEST((spec.pools[1].kind == pool_kind::worker)); // Its own kind hides the default one.
  BOOST_TEST((spec.pools[1].restart.policy == restart_type::transient &&
              spec.pools[1].restart.backoff.max == 2s));
  BOOST_TEST(spec.pools[1].max_in_flight == 9U);
  BOOST_TEST((spec.channels[0].type == "json" && spec.channels[0].capacity == 7U &&
              spec.channels[1].capacity == 8U));
}

BOOST_AUTO_TEST_CASE(a_mistake_in_defaults_is_told_once) {
  check_headlines(
      "version: 1\ndefaults: { pool: { stop: { timeout: 10 }, retrys: 3 } }\npools:\n  a: { "
      "worker: w }\n  b: { "
      "worker: w }\n",
      {"t.yaml:2:38: error[T014]: defaults.pool.stop.timeout: '10' has no unit; write 10s",
       "t.yaml:2:44: error[T003]: defaults.pool.retrys: unknown key; did you mean 'retry'?"});
}

BOOST_AUTO_TEST_CASE(keys_that_begin_with_x_are_free) {
  BOOST_TEST(headlines("version: 1\nx-note: [1, {a: b}]\npools: { a: { worker: w, x-owner: me, "
                       "stop: { x-why: y } } }\n")
                 .empty());
}

BOOST_AUTO_TEST_CASE(paths_are_relative_to_the_file) {
  const auto result = load_text("version: 1\nenv_file: a.env\ncontrol: { socket: run/c.sock, mode: "
                                "\"0660\", enabled: false }\npools:\n  a: { worker: w, module: "
                                "lib/x.so, working_dir: ../w, env_file: [/etc/b, c] }\n",
                                "/srv/app/t.yaml", "/srv/app", options_with());
  BOOST_REQUIRE(result.spec);
  BOOST_TEST(result.spec->env_files.at(0).path == "/srv/app/a.env");
  BOOST_TEST(result.spec->control.socket->path == "/srv/app/run/c.sock");
  BOOST_TEST(result.spec->control.mode == 0660U);
  BOOST_TEST((result.spec->control.enabled == false));
  const auto& pool = result.spec->pools[0];
  BOOST_TEST(pool.module->path == "/srv/app/lib/x.so");
  BOOST_TEST(pool.working_dir->path == "/srv/w");
  BOOST_TEST(pool.env_files.at(0).path == "/etc/b");
  BOOST_TEST(pool.env_files.at(1).path == "/srv/app/c");
}

BOOST_AUTO_TEST_CASE(config_becomes_json_by_the_core_schema) {
  const auto pool = load_pool("{ worker: w, config: { a: [1, -2.5, \"3\", x, ~, true, yes, 010, "
                              "1e3, ''], \"b c\": {}, n: , d: "
                              "\"${X}$$\" } }",
                              options_with({{"X", "\"q\n"}}))
                        .pools[0];
  BOOST_TEST(
      pool.config_json ==
      R"({"a": [1, -2.5, "3", "x", null, true, "yes", "010", 1e3, ""], "b c": {}, "n": null, "d": "\"q\n$"})");
}

BOOST_AUTO_TEST_CASE(settings_of_a_builtin_are_typed) {
  const auto with = [](const std::string& settings) {
    return "version: 1\nchannels: { c: { type: string, external: true } }\npools:\n  a: { builtin: "
           "{ lines_to_file: " +
           settings + " }, input: c }\n";
  };
  const auto pool = must_load(with("{ path: $$x, mode: append, flush: 1500ms }")).pools[0];
  BOOST_TEST((pool.kind == pool_kind::builtin && pool.role == builtin_role::sink));
  BOOST_TEST(pool.config_json == R"({"path": "$x", "mode": "append", "flush": 1500000000})");
  BOOST_TEST(pool.config_yaml == R"({path: "$$x", mode: "append", flush: 1500ms})");
  check_headlines(
      with("{ path: x, mode: apend, flush: 5 }"),
      {"t.yaml:4:51: error[T006]: pools.a.builtin.lines_to_file.mode: 'apend' is not one of "
       "append, replace; did you "
       "mean 'append'?",
       "t.yaml:4:65: error[T014]: pools.a.builtin.lines_to_file.flush: '5' has no unit; write 5s"});
}

BOOST_AUTO_TEST_CASE(protocol_and_delivery_follow_the_channels) {
  const auto spec = must_load(R"(version: 1
channels:
  lines: { type: string }
  objects: { type: json }
  results: { type: json, external: true }
pools:
  in: { command: [cat, x], output: lines }
  parse: { command: [./parse], protocol: { mode: request_reply }, input: lines, output: objects }
  work: { command: [./work], input: objects, output: results }
  grep: { shell: "grep x", protocol: { mode: stream }, input: results }
)");
  BOOST_TEST((spec.pools[0].protocol.mode == protocol_mode::stream));
  BOOST_TEST((spec.pools[1].protocol.input_codec == codec_kind::string));
  BOOST_TEST((spec.pools[1].protocol.output_codec == codec_kind::json));
  BOOST_TEST((spec.pools[2].protocol.mode == protocol_mode::envelope));
  BOOST_TEST(spec.pools[2].max_in_flight == 1U);
  BOOST_TEST((spec.pools[2].stop.drain == 5s)); // It has an input.
  BOOST_TEST((find_channel(spec, "objects")->delivery == delivery_mode::at_least_once));
  BOOST_TEST((find_channel(spec, "results")->delivery ==
              delivery_mode::at_most_once)); // A stream reads it.
}

BOOST_AUTO_TEST_CASE(a_stream_cannot_promise_delivery) {
  check_headlines("version: 1\nchannels:\n  c: { type: string, external: true, delivery: "
                  "at_least_once }\npools:\n  a: { command: [x], "
                  "protocol: { mode: stream }, input: c }\n",
                  {"t.yaml:3:38: error[T008]: channels.c.delivery: pool 'a' (line 5) reads this "
                   "channel in mode stream, which "
                   "acknowledges nothing; write at_most_once"});
}

BOOST_AUTO_TEST_CASE(an_explicit_codec_must_agree_with_the_channel) {
  const auto with_codec = [](const std::string& protocol) {
    return headlines("version: 1\nchannels:\n  c: { type: string, external: true }\npools:\n  a: { "
                     "command: [x], protocol: " +
                     protocol + ", input: c }\n");
  };
  BOOST_TEST(with_codec("{ mode: stream, codec: string }").empty());
  BOOST_TEST(with_codec("{ codec: json }").empty()); // An envelope may carry text.
  BOOST_TEST(with_codec("{ mode: request_reply, codec: json }").at(0) ==
             "t.yaml:5:77: error[T016]: pools.a.input: pool 'a' reads json (protocol.codec), but "
             "channel 'c' (line 3) carries "
             "string");
  BOOST_TEST(with_codec("{ mode: envelope, codec: string }").at(0) ==
             "t.yaml:5:22: error[T008]: pools.a.protocol: mode envelope speaks JSON; remove "
             "'codec: string'");
  BOOST_TEST(with_codec("{ mode: stream, codec: caf }").at(0) ==
             "t.yaml:5:55: error[T022]: pools.a.protocol.codec: 'caf' is planned, not available in "
             "this build; write one of "
             "string, json");
}

BOOST_AUTO_TEST_CASE(a_command_that_speaks_on_stdout_cannot_log_there) {
  const std::string head = "version: 1\nchannels: { c: { type: json, external: true } }\n";
  check_headlines(
      head + "pools:\n  a: { command: [x], input: c, log: { stdout: inherit, stderr: null } }\n",
      {"t.yaml:4:39: error[T008]: pools.a.log.stdout: stdout carries the messages of this command; "
       "only 'stderr' is "
       "a log"});
  BOOST_TEST(headlines(head + "defaults: { pool: { log: { stdout: inherit } } }\npools:\n  a: { "
                              "command: [x], input: c, log: { stderr: null } }\n")
                 .empty());
}

BOOST_AUTO_TEST_CASE(a_disabled_pool_feeds_nobody) {
  check_headlines("version: 1\nchannels: { c: { type: string } }\npools:\n  a: { worker: w, "
                  "output: c, enabled: false }\n  b: { worker: "
                  "w, input: c }\n",
                  {"t.yaml:2:13: error[T017]: channels.c: nothing writes this channel (pool 'a' is "
                   "not enabled); name it as "
                   "'output' of a pool"});
}

BOOST_AUTO_TEST_CASE(a_dead_letter_channel_needs_no_reader) {
  const std::string text = "version: 1\nchannels:\n  c: { type: string, external: true }\n  d: { "
                           "type: TYPE }\npools:\n  a: { worker: w, "
                           "input: c, dead_letter: d }\n";
  const auto with = [&](const std::string& type) {
    auto copy = text;
    return headlines(copy.replace(copy.find("TYPE"), 4, type));
  };
  BOOST_TEST(with("string").empty());
  BOOST_TEST(with("json").empty());
  BOOST_TEST(
      with("bytes").at(0) ==
      "t.yaml:6:42: error[T016]: pools.a.dead_letter: channel 'd' (line 4) carries bytes, but dead "
      "letters are json or, as the input 'c' (line 3), string");
}

BOOST_AUTO_TEST_CASE(a_limit_out_of_reach_is_a_warning) {
  const auto result = load("version: 1\npools:\n  a: { worker: w, restart: { intensity: 5, period: "
                           "10s, backoff: { initial: 5s } } }\n");
  BOOST_REQUIRE(result.spec.has_value());
  BOOST_REQUIRE(result.diagnostics.size() == 1U);
  BOOST_TEST(headline(result.diagnostics[0]) ==
             "t.yaml:3:41: warning[T021]: pools.a.restart.intensity: can never be exceeded: with "
             "pauses from 5s at most 1 "
             "restarts fit into 10s; raise 'period' or lower 'intensity'");
  BOOST_TEST(!has_errors(result.diagnostics));
  BOOST_TEST(pool_errors("{ worker: w, restart: { intensity: 5, period: 10s } }").empty());
  BOOST_TEST(pool_errors("{ worker: w, replicas: 9, restart: { intensity: 5, period: 10s, backoff: "
                         "{ initial: 5s } } }")
                 .empty());
  BOOST_TEST(pool_errors("{ worker: w, restart: { policy: never, intensity: 5 } }").at(0) ==
             "t.yaml:3:56: warning[T021]: pools.a.restart.intensity: never triggers: a temporary "
             "worker is not restarted");
}

BOOST_AUTO_TEST_CASE(bounds_name_each_other) {
  BOOST_TEST(pool_errors("{ worker: w, restart: { backoff: { initial: 2s, max: 1s } } }").at(0) ==
             "t.yaml:3:59: error[T005]: pools.a.restart.backoff.max: must be at least 'initial' "
             "(2s), got 1s");
  BOOST_TEST(pool_errors("{ worker: w, limits: { nofile: { soft: 9, hard: 8 } } }").at(0) ==
             "t.yaml:3:45: error[T005]: pools.a.limits.nofile.soft: must be at most 'hard'");
  BOOST_TEST(headlines("version: 1\nchannels: { c: { external: true, max_bytes: 1KiB, "
                       "max_message_bytes: 2KiB } }\npools: { a: { worker: w } }\n")
                 .at(0) == "t.yaml:2:70: error[T005]: channels.c.max_message_bytes: must be at "
                           "most 'max_bytes' (1KiB), got 2KiB");
  BOOST_TEST(must_load("version: 1\nchannels: { c: { external: true, max_bytes: 1KiB } }\npools: { "
                       "a: { worker: w } }\n")
                 .channels[0]
                 .max_message_bytes == 1024U);
}

BOOST_AUTO_TEST_CASE(positions_are_kept_for_later_checks) {
  const auto pool = load_pool("{ worker: w, stop: { timeout: 1s }, working_dir: x }").pools[0];
  BOOST_TEST(pool.at.line == 3U);
  BOOST_TEST(pool.at.column == 3U);
  BOOST_TEST(position_of(pool, "stop.timeout").column == 36U);
  BOOST_TEST(position_of(pool, "worker").column == 16U);
  BOOST_TEST(position_of(pool, "module").column == 3U); // Not in the file: the pool's name.
  BOOST_TEST(pool.working_dir->at.column == 55U);
}

BOOST_AUTO_TEST_CASE(positions_of_settings_are_kept_down_to_each_value) {
  const auto pool = load_pool("{ worker: w, config: { a: 1, b: [x, { c: y }] } }").pools[0];
  BOOST_TEST(position_of(pool, "config.a").column == 32U);
  BOOST_TEST(position_of(pool, "config.b").column == 38U);
  BOOST_TEST(position_of(pool, "config.b.0").column == 39U);
  BOOST_TEST(position_of(pool, "config.b.1.c").column == 47U);
}

// Accepting what nobody acts on would be a lie: each was taken and had no effect.
BOOST_AUTO_TEST_CASE(what_has_no_effect_yet_is_refused_as_planned) {
  const auto with = [](const std::string& text) { return headlines("version: 1\n" + text); };
  BOOST_TEST(
      with("supervisor: { intensity: 5, period: 1s }\npools: { a: { worker: w } }\n").at(0) ==
      "t.yaml:2:1: error[T022]: supervisor: planned, not available in this build; remove it");
  BOOST_TEST(with("pools: { a: { worker: w, args: [x] } }\n").at(0) ==
             "t.yaml:2:26: error[T022]: pools.a.args: arguments of a 'worker' are planned, not "
             "available in this build; put them under 'config'");
  const auto deliver = [&](const std::string& channel) {
    return with("channels: { c: { type: string, " + channel +
                " } }\npools: { a: { worker: w, output: c }, b: { worker: v, input: c } }\n");
  };
  BOOST_TEST(deliver("delivery: at_most_once").at(0) ==
             "t.yaml:2:32: error[T022]: channels.c.delivery: 'at_most_once' for readers that "
             "acknowledge is planned, not available in this build; remove it, and set 'retry: { "
             "max_attempts: 1 }' in the pools that read it: then no message is tried again");
  // What is so may be said.
  BOOST_TEST(deliver("delivery: at_least_once").empty());
  BOOST_TEST(deliver("delivery: at_most_once, when_full: drop_oldest").empty());
  // What came from `defaults` is meant for other pools.
  BOOST_TEST(with("defaults: { pool: { args: [x] } }\npools: { a: { worker: w }, b: { command: c } "
                  "}\n")
                 .empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_an_error_without_a_line) {
  const auto missing = load_file("/nonexistent/t.yaml", options_with());
  BOOST_TEST(!missing.spec.has_value());
  BOOST_TEST(headline(missing.diagnostics.at(0)) ==
             "/nonexistent/t.yaml: error[T013]: cannot be read: No such file or directory; "
             "check the path");
  BOOST_TEST(headline(load_file("/", options_with()).diagnostics.at(0)) ==
             "/: error[T013]: is a folder; name a YAML file");
}

BOOST_AUTO_TEST_CASE(at_most_two_hundred_mistakes_are_told) {
  std::string text = "version: 1\npools:\n";
  for (int i = 0; i < 500; ++i) text += "  p" + std::to_string(i) + ": { wurker: x }\n";
  BOOST_TEST(load(text).diagnostics.size() == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config::test
