// Goal: files as people really get them wrong name every mistake, at its place, in one run.
// Method: whole files; all first lines are compared exactly.

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::config::test {
namespace {

BOOST_AUTO_TEST_SUITE(broken_files_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(a_supervisord_user_is_told_our_words) {
  check_headlines(
      R"(version: 1
name: shop
programs:
  api:
    command: ./api
pools:
  api:
    command: [./api]
    numprocs: 3
    autorestart: true
    stopwaitsecs: 10
    environment: {A: b}
    directory: /srv
    rlimit_nofile: 100
)",
      {"t.yaml:3:1: error[T003]: programs: unknown key; Troupe calls this 'pools'",
       "t.yaml:9:5: error[T003]: pools.api.numprocs: unknown key; Troupe calls this 'replicas'",
       "t.yaml:10:5: error[T003]: pools.api.autorestart: unknown key; Troupe calls this 'restart'; "
       "always true is 'restart: permanent', only after a failure 'restart: transient', never "
       "'restart: never'",
       "t.yaml:11:5: error[T003]: pools.api.stopwaitsecs: unknown key; Troupe calls this "
       "'stop.timeout'; with its unit: stop: {timeout: 10s}",
       "t.yaml:12:5: error[T003]: pools.api.environment: unknown key; Troupe calls this 'env'; a "
       "map: env: {NAME: value}",
       "t.yaml:13:5: error[T003]: pools.api.directory: unknown key; Troupe calls this "
       "'working_dir'",
       "t.yaml:14:5: error[T003]: pools.api.rlimit_nofile: unknown key; Troupe calls this "
       "'limits'"});
}

BOOST_AUTO_TEST_CASE(mistakes_inside_what_has_a_wrong_name_are_told_too) {
  check_headlines(
      R"(version: 1
channels:
  Lines: { capcity: 10 }
pools:
  My Pool: { worker: a, output: Lines, numprocs: 2 }
  b: { worker: b, input: Lines }
)",
      {"t.yaml:3:3: error[T005]: channels.Lines: 'Lines' is not a name; a name starts with a-z, "
       "then a-z 0-9 _ -, at most 63 characters",
       "t.yaml:3:12: error[T003]: channels.Lines.capcity: unknown key; did you mean 'capacity'?",
       "t.yaml:5:3: error[T005]: pools.My Pool: 'My Pool' is not a name; a name starts with a-z, "
       "then a-z 0-9 _ -, at most 63 characters",
       "t.yaml:5:40: error[T003]: pools.My Pool.numprocs: unknown key; Troupe calls this "
       "'replicas'"});
}

BOOST_AUTO_TEST_CASE(misspelt_keys_and_words_get_the_nearest) {
  check_headlines(
      R"(version: 1
shutdwn: { timeout: 5s }
channels:
  lines: { type: strng, when_full: blok, capcity: 10 }
pools:
  in: { builtin: { file_tree: { rot: /etc } }, output: lines }
  out: { builtin: { lines_to_fil: { path: x } }, input: line, restrat: always }
)",
      {"t.yaml:2:1: error[T003]: shutdwn: unknown key; did you mean 'shutdown'?",
       "t.yaml:4:3: error[T017]: channels.lines: nothing reads this channel; name it as 'input' of "
       "a pool",
       "t.yaml:4:18: error[T009]: channels.lines.type: no message type is called 'strng'; did you "
       "mean 'string'?",
       "t.yaml:4:36: error[T006]: channels.lines.when_full: 'blok' is not one of block, "
       "drop_newest, drop_oldest, "
       "reject; did you mean 'block'?",
       "t.yaml:4:42: error[T003]: channels.lines.capcity: unknown key; did you mean 'capacity'?",
       "t.yaml:6:20: error[T007]: pools.in.builtin.file_tree.root: required by builtin 'file_tree'",
       "t.yaml:6:33: error[T003]: pools.in.builtin.file_tree.rot: unknown key; did you mean "
       "'root'?",
       "t.yaml:7:21: error[T009]: pools.out.builtin: no builtin is called 'lines_to_fil'; did you "
       "mean "
       "'lines_to_file'?",
       "t.yaml:7:57: error[T009]: pools.out.input: no channel is called 'line'; did you mean "
       "'lines'?",
       "t.yaml:7:63: error[T003]: pools.out.restrat: unknown key; did you mean 'restart'?"});
}

BOOST_AUTO_TEST_CASE(numbers_times_and_sizes_without_sense) {
  check_headlines(
      R"(version: 1
pools:
  api:
    command: [./api]
    replicas: two
    stop: { timeout: 10, signal: FOO, drain: -1s }
    start: { timeout: 0s, stagger: 5sec }
    recycle: { max_memory: 512M, jitter: 1.5, max_messages: 0 }
    restart: { intensity: -1, period: 0s, success_exit: [256, BAR] }
    enabled: yes
    limits: { nofile: many, cpu: 500ms, files: 3 }
)",
      {"t.yaml:5:15: error[T004]: pools.api.replicas: expected an integer or auto, got 'two'",
       "t.yaml:6:22: error[T014]: pools.api.stop.timeout: '10' has no unit; write 10s",
       "t.yaml:6:34: error[T006]: pools.api.stop.signal: 'FOO' is not a signal; write a name such "
       "as TERM or INT, or "
       "its number",
       "t.yaml:6:46: error[T014]: pools.api.stop.drain: '-1s': a duration cannot be negative",
       "t.yaml:7:23: error[T005]: pools.api.start.timeout: must be longer than 0s, got 0s",
       "t.yaml:7:36: error[T014]: pools.api.start.stagger: '5sec' is not a duration; write a "
       "number and a unit such "
       "as 10s, 500ms or 1m30s (units: ns us ms s m h d)",
       "t.yaml:8:28: error[T015]: pools.api.recycle.max_memory: '512M' is not a size; write 512MiB "
       "(or 512MB for "
       "powers of 1000)",
       "t.yaml:8:42: error[T005]: pools.api.recycle.jitter: must be 0 to 1, got 1.5",
       "t.yaml:8:61: error[T005]: pools.api.recycle.max_messages: must be 1 to 1000000000000, got "
       "0",
       "t.yaml:9:27: error[T005]: pools.api.restart.intensity: must be 0 to 1000000, got -1",
       "t.yaml:9:39: error[T005]: pools.api.restart.period: must be longer than 0s, got 0s",
       "t.yaml:9:58: error[T005]: pools.api.restart.success_exit[0]: must be an exit code of 0 to "
       "255, got 256",
       "t.yaml:9:63: error[T006]: pools.api.restart.success_exit[1]: 'BAR' is neither an exit code "
       "of 0 to 255 nor a "
       "signal such as TERM",
       "t.yaml:10:14: error[T004]: pools.api.enabled: expected true or false, got 'yes'; write "
       "true",
       "t.yaml:11:23: error[T004]: pools.api.limits.nofile: expected an integer or unlimited, got "
       "'many'",
       "t.yaml:11:34: error[T005]: pools.api.limits.cpu: must be whole seconds, got 500ms",
       "t.yaml:11:41: error[T003]: pools.api.limits.files: unknown key; known here: as, core, cpu, "
       "data, fsize, "
       "locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack"});
}

BOOST_AUTO_TEST_CASE(a_key_given_twice_names_both_lines) {
  check_headlines(R"(version: 1
pools:
  api:
    worker: a
    replicas: 2
    env: { A: "1", B: "2", A: "3" }
    replicas: 3
  api:
    worker: b
)",
                  {"t.yaml:6:28: error[T002]: pools.api.env.A: duplicate key; lines 6 and 6 both "
                   "give it: remove one",
                   "t.yaml:7:5: error[T002]: pools.api.replicas: duplicate key; lines 5 and 7 both "
                   "give it: remove one",
                   "t.yaml:8:3: error[T002]: pools.api: duplicate key; lines 3 and 8 both give it: "
                   "remove one"});
}

BOOST_AUTO_TEST_CASE(a_file_from_the_future_is_refused_key_by_key) {
  check_headlines(
      R"(version: 1
include: [pools/*.yaml]
groups: { all: { children: [api] } }
supervisor: { strategy: one_for_all, exit_code_from: api }
pools:
  api:
    command: [./api]
    probes: { readiness: { tcp: { port: 80 } } }
    watchdog: 20s
    user: www
    log: { stdout: logs/api.log, rotate: { backups: 3 } }
    depends_on: { db: { condition: ready } }
    stop: { scope: mixed, command: [./stop] }
)",
      {"t.yaml:2:1: error[T022]: include: planned, not available in this build; remove it",
       "t.yaml:3:1: error[T022]: groups: planned, not available in this build; remove it",
       "t.yaml:4:1: error[T022]: supervisor: planned, not available in this build; remove it",
       "t.yaml:8:5: error[T022]: pools.api.probes: planned, not available in this build; remove it",
       "t.yaml:9:5: error[T022]: pools.api.watchdog: planned, not available in this build; remove "
       "it",
       "t.yaml:10:5: error[T022]: pools.api.user: planned, not available in this build; remove it",
       "t.yaml:11:20: error[T022]: pools.api.log.stdout: logging to a file is planned, not "
       "available in this build; "
       "write prefix, inherit or null",
       "t.yaml:11:34: error[T022]: pools.api.log.rotate: planned, not available in this build; "
       "remove it",
       "t.yaml:12:5: error[T022]: pools.api.depends_on: planned, not available in this build; "
       "remove it",
       "t.yaml:13:20: error[T022]: pools.api.stop.scope: 'mixed' is planned, not available in this "
       "build; write one "
       "of group, process",
       "t.yaml:13:27: error[T022]: pools.api.stop.command: planned, not available in this build; "
       "remove it"});
}

BOOST_AUTO_TEST_CASE(variables_that_lead_nowhere) {
  check_headlines(
      R"(version: 1
vars:
  root: "${BASE:?set BASE to a folder}"
  a: ${b}
  b: ${a}
pools:
  api:
    command: [./api, "${PORT}", "${rot}", "${TROUPE_REPLICA}"]
    working_dir: ${ROOT:+x}
    description: ${TROUPE_POOL}
)",
      {"t.yaml:3:10: error[T012]: vars.root: ${BASE} is not defined: set BASE to a folder",
       "t.yaml:5:6: error[T010]: vars.b: vars refer to each other in a circle: a (line 4) -> b "
       "(line 5) -> a",
       "t.yaml:8:23: error[T012]: pools.api.command[1]: ${PORT} is not defined; set it in the "
       "environment or in vars, "
       "or write ${PORT:-default}",
       "t.yaml:8:34: error[T012]: pools.api.command[2]: ${rot} is not defined; did you mean "
       "'root'?",
       "t.yaml:9:18: error[T012]: pools.api.working_dir: ${ROOT:+x} is not a reference; write "
       "${NAME}, "
       "${NAME:-default} or ${NAME:?message}, and $$ for a single $",
       "t.yaml:10:18: error[T012]: pools.api.description: ${TROUPE_POOL} is known only when a "
       "worker starts; it can "
       "stand in command, shell, args, env and working_dir"});
}

BOOST_AUTO_TEST_CASE(stages_that_do_not_fit) {
  check_headlines(
      R"(version: 1
channels:
  paths: { type: json }
  sums: { type: string, when_full: drop_oldest, delivery: at_least_once }
  raw: {}
  lonely: { type: string }
pools:
  files: { builtin: { file_tree: { root: /etc } }, output: paths }
  hash: { builtin: sha256, input: paths, output: [sums, sums] }
  upper: { command: "tr a-z A-Z", input: sums, output: raw }
  sums: { builtin: { lines_to_file: { path: x } }, input: raw, output: lonely }
)",
      {"t.yaml:4:49: error[T008]: channels.sums.delivery: at_least_once and 'when_full: "
       "drop_oldest' exclude each "
       "other; a dropped message is delivered never",
       "t.yaml:6:3: error[T017]: channels.lonely: nothing reads this channel; name it as 'input' "
       "of a pool",
       "t.yaml:8:60: error[T016]: pools.files.output: pool 'files' writes string (builtin "
       "file_tree), but channel "
       "'paths' (line 3) carries json, read by pool 'hash' (line 9)",
       "t.yaml:9:35: error[T016]: pools.hash.input: pool 'hash' reads string (builtin sha256), but "
       "channel 'paths' "
       "(line 3) carries json, written by pool 'files' (line 8)",
       "t.yaml:9:57: error[T011]: pools.hash.output[1]: channel 'sums' is named twice",
       "t.yaml:10:56: error[T008]: pools.upper.output: a command speaks lines, and channel 'raw' "
       "(line 5) carries "
       "bytes; give the channel 'type: string' or 'type: json'",
       "t.yaml:11:3: error[T011]: pools.sums: a channel (line 4) has this name too, and commands "
       "such as drain take "
       "both; rename one",
       "t.yaml:11:59: error[T016]: pools.sums.input: pool 'sums' reads string (builtin "
       "lines_to_file), but channel "
       "'raw' (line 5) carries bytes, written by pool 'upper' (line 10)",
       "t.yaml:11:64: error[T008]: pools.sums.output: builtin 'lines_to_file' is a sink and has no "
       "output"});
}

BOOST_AUTO_TEST_CASE(a_pipeline_that_bites_its_tail) {
  check_headlines(
      R"(version: 1
channels:
  a: { type: json }
  b: { type: json }
  c: { type: json }
pools:
  one: { worker: w, input: a, output: b }
  two: { worker: w, input: b, output: c, dead_letter: b }
  three: { worker: w, input: c, output: a }
)",
      {"t.yaml:7:3: error[T010]: pools.one: pools feed each other in a circle: one (line 7) -> b "
       "-> two (line 8) -> c "
       "-> three (line 9) -> a -> one",
       "t.yaml:8:55: error[T010]: pools.two.dead_letter: the dead letter channel 'b' (line 4) is "
       "the pool's own input "
       "(line 8); a message that fails would come back for ever"});
}

BOOST_AUTO_TEST_CASE(pools_that_want_two_things) {
  check_headlines(
      R"(version: 1
channels:
  in: { type: string, external: true }
  out: { type: string, external: true }
pools:
  nothing: { replicas: 2 }
  both: { worker: w, command: [./w] }
  pipe: { command: "cat x | wc -l" }
  quote: { command: "echo 'x" }
  ask: { command: [./ask], input: in, output: out }
  filter:
    command: [grep, x]
    protocol: { mode: stream }
    input: in
    output: out
    order: preserve
    replicas: 4
    retry: { max_attempts: 2 }
  twice: { builtin: { file_tree: { root: / } }, output: out, replicas: auto, args: [x] }
  odd: { worker: w, protocol: { mode: stream }, max_in_flight: 3 }
)",
      {"t.yaml:6:3: error[T007]: pools.nothing: nothing to run; give one of worker, command, "
       "shell, builtin",
       "t.yaml:7:22: error[T008]: pools.both.command: 'worker' and 'command' exclude each other; "
       "keep one",
       "t.yaml:8:20: error[T008]: pools.pipe.command: no shell runs a command, so '|' would be an "
       "argument; use "
       "'shell', or a list",
       "t.yaml:9:21: error[T001]: pools.quote.command: unbalanced ' in the command; close the "
       "quote, or write the "
       "command as a list",
       "t.yaml:10:3: error[T007]: pools.ask.protocol.mode: required, because text can be answered "
       "in several ways: "
       "write stream for a filter, request_reply for one line back per line, or envelope",
       "t.yaml:16:5: error[T008]: pools.filter.order: mode stream does not tell which input an "
       "output belongs to; use "
       "'replicas: 1' or another mode",
       "t.yaml:18:5: error[T008]: pools.filter.retry: has no meaning with mode stream, which "
       "acknowledges nothing",
       "t.yaml:19:62: error[T008]: pools.twice.replicas: builtin 'file_tree' works alone; a second "
       "worker would "
       "repeat or mix its work",
       "t.yaml:19:78: error[T008]: pools.twice.args: a builtin has no arguments; its settings "
       "stand under 'builtin'",
       "t.yaml:20:21: error[T008]: pools.odd.protocol: only 'command' and 'shell' have a protocol, "
       "not a worker",
       "t.yaml:20:49: error[T008]: pools.odd.max_in_flight: has no meaning without 'input'"});
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_kind) {
  check_headlines(
      R"(version: one
name: My Shop
description: [a]
vars: [a]
env: { A: { B: c }, "A B": c, D: }
control: { mode: rw, enabled: 1 }
channels: [lines]
pools:
  Api: { worker: w }
  api: worker
  none:
  list: { command: { a: b }, args: x, env: [A=1], restart: [always], stop: fast, input: { a: b } }
)",
      {"t.yaml:1:10: error[T004]: version: expected an integer, got 'one'",
       "t.yaml:2:7: error[T005]: name: 'My Shop' is not a name; a name starts with a-z, then a-z "
       "0-9 _ -, at most 63 "
       "characters",
       "t.yaml:3:14: error[T004]: description: expected text, got a list",
       "t.yaml:4:7: error[T004]: vars: expected a map from names to text, got a list",
       "t.yaml:5:11: error[T004]: env.A: expected text, got a map",
       "t.yaml:5:21: error[T005]: env.A B: 'A B' is not a variable name; use letters, digits and "
       "_, no digit first",
       "t.yaml:5:31: error[T004]: env.D: expected text, got nothing; write \"\" for empty text",
       "t.yaml:6:18: error[T005]: control.mode: must be octal permissions such as \"0600\", got "
       "'rw'",
       "t.yaml:6:31: error[T004]: control.enabled: expected true or false, got '1'",
       "t.yaml:7:11: error[T004]: channels: expected a map from names to maps, got a list",
       "t.yaml:9:3: error[T005]: pools.Api: 'Api' is not a name; a name starts with a-z, then a-z "
       "0-9 _ -, at most 63 "
       "characters",
       "t.yaml:10:8: error[T004]: pools.api: expected a map, got 'worker'",
       "t.yaml:11:3: error[T004]: pools.none: expected a map, got nothing",
       "t.yaml:12:20: error[T004]: pools.list.command: expected a list of text or one text, got a "
       "map",
       "t.yaml:12:36: error[T004]: pools.list.args: expected a list of text, got 'x'",
       "t.yaml:12:44: error[T004]: pools.list.env: expected a map from names to text, got a list",
       "t.yaml:12:60: error[T004]: pools.list.restart: expected a policy such as permanent, or a "
       "map, got a list",
       "t.yaml:12:76: error[T004]: pools.list.stop: expected a map, got 'fast'",
       "t.yaml:12:89: error[T022]: pools.list.input: routes are planned, not available in this "
       "build; write a channel "
       "or a list"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config::test
