// Goal: the effective configuration reads back to itself, so that it can be diffed and piped.
// Method: files are loaded, printed, loaded and printed again; both texts must be equal, whatever
// the values are.

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <random>
#include <sstream>

namespace troupe::config::test {
namespace {

const std::string samples_dir = TROUPE_SOURCE_DIR "/config/samples/";

std::string file_text(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream{path}.rdbuf();
  return out.str();
}

void check_fixed_point(const std::string& text, const load_options& options = options_with()) {
  const auto first = to_yaml(must_load(text, options));
  const auto second = to_yaml(must_load(first, options_with()));
  BOOST_TEST(first == second);
}

BOOST_AUTO_TEST_SUITE(fixed_point_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(the_samples_load_and_print_to_themselves) {
  for (const auto* const name : {"checksum.yaml", "copy.yaml", "words.yaml"}) {
    BOOST_TEST_CONTEXT(name) {
      const auto text = file_text(samples_dir + name);
      BOOST_TEST(!text.empty());
      BOOST_TEST(headlines(text).empty());
      check_fixed_point(text);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_main_sample_does_what_it_says) {
  const auto options = options_with({}, {{"root", "/etc"}});
  const auto spec = load_file(samples_dir + "checksum.yaml", options).spec.value();
  BOOST_TEST(spec.name == "checksum");
  BOOST_TEST(spec.pools.size() == 3U);
  BOOST_TEST(spec.pools[0].config_json == R"({"root": "/etc"})");
  BOOST_TEST(!spec.pools[1].replicas.has_value());
  BOOST_TEST(spec.pools[2].config_json == R"({"path": "../../build/checksums.sha256"})");
}

BOOST_AUTO_TEST_CASE(every_kind_of_value_survives) {
  check_fixed_point(R"(version: 1
name: all
description: "it's $$5, \"quoted\" # not a comment: ${A}"
vars: { v: "${A}", w: "$${A}" }
env: { P: "${TROUPE_POOL}", Q: "$${TROUPE_POOL}", R: "a\nb\tc" }
env_file: [one.env, /etc/two.env]
control: { socket: run/x.sock, mode: "0660", enabled: false }
shutdown: { timeout: 2m }
channels:
  in: { type: string, external: true, capacity: 5, max_bytes: 1MiB, max_message_bytes: 10KB }
  mid: { type: json, when_full: drop_oldest }
  dead: { type: json, when_full: drop_newest, delivery: at_most_once }
  rec: { type: access_record, external: true, when_full: reject }
  in2: { type: string }
pools:
  filter: { command: "sed 's/a b/$$1/' ${TROUPE_REPLICA}", args: [--x, "${TROUPE_POOL}"], protocol: { mode: request_reply }, input: in, output: mid }
  work:
    worker: "odd name: #1"
    module: lib/x.so
    description: '日本'
    config: { a: [1, 2.5, "3", ~, { b: "$$" }], "c d": "x\\y" }
    replicas: auto
    input: [mid]
    output: rec
    order: preserve
    max_in_flight: 3
    message_timeout: 1500ms
    retry: { max_attempts: 9, backoff: { initial: 1ns, max: 1h, factor: 1.25, jitter: 0.333 } }
    dead_letter: dead
    checkpoint: { messages: 7, period: 1s }
    restart: { policy: on_failure, intensity: 0, period: 1m30s, on_exhausted: park, success_exit: [0, TERM, 15],
               prevent_exit: [78], force_exit: [RTMIN+1], backoff: { reset_after: 1d } }
    start: { timeout: 1s, stagger: 1ms, method: spawn }
    stop: { signal: INT, final_signal: QUIT, timeout: brutal_kill, drain: 0s, scope: process }
    recycle: { max_messages: 5, max_age: 1h, max_memory: 1GB, jitter: 0.1 }
    env: { A: "", B: " x " }
    env_file: a.env
    clear_env: true
    working_dir: "sub dir/${TROUPE_REPLICA}"
    limits: { as: 1GiB, cpu: { soft: 1s, hard: unlimited }, nofile: 7, rttime: 5us, nice: 0 }
    log: { stdout: inherit, stderr: null }
  sum: { builtin: { sha256: { block: 4KiB } }, input: in, output: in2, enabled: false }
  off: { shell: "echo \"$$HOME\" | cat\n", enabled: false, stop: { timeout: infinity } }
  in2x: { builtin: { lines_to_file: { path: "$$x", flush: 90s } }, input: in2 , enabled: false }
  src: { worker: s, output: in2 }
  snk: { worker: s, input: in2 }
)",
                    options_with({{"A", "x'\"${TROUPE_POOL}$"}}));
}

BOOST_AUTO_TEST_CASE(any_text_survives) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random{seed};
    const std::vector<std::string> pieces{
        "$",  "{", "}", "${A}", "${TROUPE_POOL}", "$$", "\"", "'", "\\", "\n", "\t", ": ", " #",
        "日", "x", " ", "-",    "\x01",           "%",  "@"};
    for (int i = 0; i < 500; ++i) {
      std::string value;
      for (auto n = random() % 12; n > 0; --n) value += pieces[random() % pieces.size()];
      const auto options = options_with({{"ANY", value}});
      const auto spec = must_load(
          "version: 1\npools:\n  a: { command: [x, \"${ANY}\"], description: \"${ANY}\" }\n",
          options);
      BOOST_TEST(spec.pools[0].description == value);
      const auto again = must_load(to_yaml(spec), options_with());
      BOOST_TEST(again.pools[0].description == value);
      BOOST_TEST((again.pools[0].command == spec.pools[0].command));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config::test
