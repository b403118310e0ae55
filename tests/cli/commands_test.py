#!/usr/bin/env python3
"""Goal: what a pipeline says of a command is true, whatever the command does: nothing wrong is taken,
nothing is lost in silence, and what passes through stays as it is.
Method: small commands in Python that crash, answer twice, fall silent or print odd numbers; the real
command runs them."""

import json
import shutil
import signal

from support import CommandTest, main

ANSWER_TWICE = """import json, sys
for line in sys.stdin:
    m = json.loads(line)
    answer = json.dumps({"id": m["id"], "data": "line " + m["data"]})
    print(answer, flush=True)
    if m["data"].endswith("7"):
        print(answer, flush=True)
"""

SAY_AS_JSON = """import json, sys
print('{"ready": true}', flush=True)
for line in sys.stdin:
    m = json.loads(line)
    print('{"id": %s, "data": %s}' % (json.dumps(m["id"]), m["data"]), flush=True)
"""

TOLL = """import os, sys
for line in sys.stdin:
    with open("toll", "a") as toll:
        toll.write(line)
    if line == "poison\\n":
        os.kill(os.getpid(), 9)
    print(line, end="", flush=True)
"""

# Never answers, and says when it is asked to end.
HOLD = """import os, signal, sys
def end(*_): # It may interrupt a print.
    os.write(2, b"asked\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
next(sys.stdin)
os.write(2, b"holding\\n")
while True:
    signal.pause()
"""

MUTE = """import sys
for line in sys.stdin:
    print(line, end="")
"""


def pipeline(name, command, more="", types=("string", "string")):
    """lines of the file `lines` -> the command -> the file `out`"""
    return (f"version: 1\nname: {name}\n"
            f"channels: {{a: {{type: {types[0]}}}, b: {{type: {types[1]}}}}}\npools:\n"
            "  src: {builtin: {lines_from_file: {path: lines}}, output: a}\n"
            f"  mid: {{{command}, input: a, output: b{more}}}\n"
            "  dst: {builtin: {lines_to_file: {path: out}}, input: b}\n")


class Commands(CommandTest):
    def write_lines(self, lines):
        self.write("lines", "".join(f"{line}\n" for line in lines))

    def run_json(self, text, *more):
        """Runs to the end; returns the outcome, its pools by name and what went to stderr."""
        done = self.troupe("run", self.write("a.yaml", text), "--json", *more)
        outcome = json.loads(done.stdout)
        return outcome, {pool["name"]: pool for pool in outcome["pools"]}, done.stderr

    def out(self):
        return self.read("out").decode().splitlines()


class Answers(Commands):
    def test_an_answer_that_comes_twice_is_no_answer_to_the_next(self):
        self.write("twice.py", ANSWER_TWICE)
        self.write_lines(range(100))
        for more in ("", ", max_in_flight: 16"):
            with self.subTest(more=more):
                outcome, pools, log = self.run_json(pipeline(
                    "twice", "command: [python3, -u, twice.py], protocol: {mode: envelope}",
                    ", order: preserve" + more))
                self.assertEqual(outcome["exit_code"], 0, log)
                self.assertEqual(self.out(), [f"line {i}" for i in range(100)])
                self.assertGreater(pools["mid"]["messages"]["protocol_errors"], 0)
                self.assertIn("its message has an answer already", log)

    def test_numbers_pass_through_as_they_are(self):
        numbers = ["123456789012345678901", "10.10", "1e400", "-0.0"]
        self.write("reply.py", SAY_AS_JSON)
        self.write_lines(numbers)
        outcome, _, log = self.run_json(pipeline(
            "numbers", "command: [python3, -u, reply.py], protocol: {mode: envelope}",
            types=("string", "json")))
        self.assertEqual(outcome["exit_code"], 0, log)
        self.assertEqual(self.out(), numbers)

    def test_a_poison_message_is_delivered_as_often_as_allowed(self):
        self.write("toll.py", TOLL)
        self.write_lines(["1", "2", "poison", "3"])
        for attempts in (1, 2, 3):
            for in_flight in (1, 7):
                with self.subTest(attempts=attempts, in_flight=in_flight):
                    self.write("toll", "")
                    outcome, _, log = self.run_json(pipeline(
                        "toll", "command: [python3, -u, toll.py], protocol: {mode: request_reply}",
                        f", max_in_flight: {in_flight}, "
                        f"retry: {{max_attempts: {attempts}, backoff: {{initial: 1ms}}}}"))
                    self.assertEqual(outcome["exit_code"], 65, log)
                    self.assertEqual(sorted(self.out()), ["1", "2", "3"])
                    self.assertEqual(self.read("toll").count(b"poison"), attempts)
                    self.assertIn(f'"attempts":{attempts}', log)

    def test_a_command_holds_one_message_unless_more_are_allowed(self):
        self.write("hold.py", "import os, select, sys\n"
                   "while (line := os.read(0, 65536)):\n"
                   "    sys.stderr.write('read %d\\n' % line.count(b'\\n'))\n"
                   "    sys.stdout.write(line.decode())\n    sys.stdout.flush()\n")
        self.write_lines(range(50))
        _, _, log = self.run_json(pipeline(
            "hold", "command: [python3, hold.py], protocol: {mode: request_reply}"))
        self.assertEqual(log.count("| read 1"), 50, log)

    def test_a_silent_command_is_told_and_holds_up_no_stop(self):
        self.write("mute.py", MUTE)
        self.write_lines(["hello", "again"])
        text = pipeline("mute", "command: [python3, mute.py], protocol: {mode: request_reply}",
                        ", stop: {drain: 100ms, timeout: 5s}")
        run = self.start(self.write("a.yaml", text))
        told = run.wait_for_line(r"has given no answer for 5 s to the message 'hello'")
        self.assertRegex(told.string, r"command 'python3' \(pool mid, replica 0, pid \d+\)")
        for word in ("flush", "mawk -W interactive", "stdbuf -oL", "python3 -u", "sed -u"):
            self.assertIn(word, told.string)
        run.signal(signal.SIGTERM)
        code, log = run.end()
        self.assertEqual(code, 65, log)
        self.assertNotIn("shutdown.timeout", log)
        self.assertIn("pool 'mid'", log)


CRASH = """import sys
for i, line in enumerate(sys.stdin, 1):
    if i == 5000:
        raise SystemExit("line 5000 is bad")
    sys.stdout.write(line)
"""

SLOW_SINK = """version: 1
name: full
channels: {{a: {{type: string, capacity: 5, when_full: {policy}}}}}
pools:
  src: {{builtin: {{lines_from_file: {{path: lines}}}}, output: a}}
  dst: {{shell: 'while read -r l; do echo $l >>out; done', protocol: {{mode: stream}}, input: a}}
"""


# Each says one line more than it is asked for, at another time.
SURPLUS = {
    "twice": "for l in sys.stdin:\n    print(l.strip())\n    print('more')\n",
    "before": "print('ready')\nfor l in sys.stdin:\n    print(l.strip())\n",
    "after": "for l in sys.stdin:\n    print(l.strip())\nprint('bye')\n",
    "empty": "for l in sys.stdin:\n    print(l.strip())\nprint()\n",
    "open": "for l in sys.stdin:\n    print(l.strip())\nsys.stdout.write('bye')\n",
}


# What docs/commands.md recommends, of the tools that every Debian has.
ANSWERS_AT_ONCE = (
    '[python3, -u, -c, "import sys\\nfor l in sys.stdin: print(l.strip())"]',
    '[python3, -c, "import sys\\nfor l in sys.stdin: print(l.strip(), flush=True)"]',
    "[grep, --line-buffered, '']",
    "[sed, -u, s/x/y/]",
    "[perl, -ne, '$$| = 1; print']",
    "[stdbuf, -oL, cut, -c1]",
    "[stdbuf, -oL, tr, a, b]",
    "[sh, -c, 'while read -r x; do echo $$x; done']",
)


class Flush(Commands):
    def answer(self, command):
        self.write_lines(range(3))
        outcome, _, log = self.run_json(pipeline(
            "flush", f"command: {command}, protocol: {{mode: request_reply}}",
            ", message_timeout: 30s, retry: {max_attempts: 1}"))
        self.assertEqual(outcome["exit_code"], 0, log)
        self.assertEqual(self.out(), ["0", "1", "2"])

    def test_what_the_docs_recommend_makes_a_command_answer(self):
        mawk = ("[mawk, -W, interactive, '{print}']",) if shutil.which("mawk") else ()
        for command in ANSWERS_AT_ONCE + mawk:
            with self.subTest(command=command):
                self.answer(command)


class Starts(Commands):
    """A command that cannot begin costs no message."""

    def test_a_script_that_is_not_there_ends_the_run(self):
        self.write_lines(range(1000))
        for command, why in (("shell: nothere.sh", "not found"),
                             ("command: [python3, nothere.py]", "No such file"),
                             ("shell: 'exec ./lines'", "Permission denied")):
            for mode in ("request_reply", "envelope"):
                with self.subTest(command=command, mode=mode):
                    outcome, pools, log = self.run_json(pipeline(
                        "none", f"{command}, protocol: {{mode: {mode}}}", ", replicas: 2"))
                    self.assertEqual(outcome["exit_code"], 1, log)
                    self.assertRegex(outcome["cause"]["message"],
                                     r"pool 'mid': command '.*' ended: exit code \d+, 3 times in a "
                                     r"row and without any answer, before it had read a message; "
                                     r"see its stderr above")
                    self.assertIn(why, log)
                    self.assertEqual(pools["mid"]["messages"]["dead_letters"], 0)

    def test_a_command_that_never_reads_ends_the_run_before_all_is_given_up(self):
        self.write_lines(range(1000))
        outcome, pools, log = self.run_json(pipeline(
            "none", "command: ['false'], protocol: {mode: request_reply}",
            ", retry: {backoff: {initial: 1ms, max: 1ms}}"))
        self.assertEqual(outcome["exit_code"], 1, log)
        self.assertIn("without any answer, before it had read", outcome["cause"]["message"])
        self.assertLess(pools["mid"]["messages"]["dead_letters"], 100)


class Stops(Commands):
    """What a stop waits for, and that it says how long."""

    def stop_holder(self, drain, more=""):
        self.write("hold.py", HOLD)
        self.write_lines(range(20))
        text = pipeline("hold", "command: [python3, hold.py], protocol: {mode: request_reply}",
                        f", stop: {{drain: {drain}, timeout: 10s}}") + more
        run = self.start(self.write("a.yaml", text))
        run.wait_for_line(r"\| holding")
        run.signal(signal.SIGTERM)
        return run

    def test_the_time_for_messages_in_hand_is_the_one_that_is_told(self):
        waits = "the stop waits no longer (stop.drain): nothing has got on for {}; it waited for {}"
        for drain, said in (("0s", "the stop does not wait (stop.drain: {}) for {}"),
                            ("100ms", waits), ("1500ms", waits)):
            with self.subTest(drain=drain):
                code, log = self.stop_holder(drain).end()
                self.assertEqual(code, 65, log)
                self.assertIn(said.format(drain, "pool 'mid' (1 message)"), log)
                self.assertIn("| asked", log)
                self.assertIn("20 lost", log)

    def test_that_time_passes_once(self):
        # Were it waited for twice, the limit for all of the stop would pass.
        code, log = self.stop_holder("2s", "shutdown: {timeout: 3.9s}\n").end()
        self.assertEqual(code, 65, log)
        self.assertNotIn("shutdown.timeout", log)


class Pairs(Commands):
    """A reply without a request, whenever it comes, is no good end."""

    def run_surplus(self, body, count=3, more=""):
        self.write("more.py", "import sys\n" + body)
        self.write_lines(range(count))
        return self.run_json(pipeline(
            "more", "command: [python3, -u, more.py], protocol: {mode: request_reply}", more))

    def test_a_line_too_many_is_told_and_no_success(self):
        for name, body in SURPLUS.items():
            for more in ("", ", replicas: 2", ", max_in_flight: 4"):
                with self.subTest(name=name, more=more):
                    outcome, pools, log = self.run_surplus(body, more=more)
                    self.assertEqual(outcome["exit_code"], 65, log)
                    self.assertGreater(outcome["surplus_lines"], 0)
                    self.assertGreater(pools["mid"]["messages"]["surplus_lines"], 0)
                    self.assertRegex(log, r"command 'python3' \(pool mid, replica \d, pid \d+\) "
                                     r"wrote more lines than it was given .*use mode: envelope")
                    self.assertIn("replies may belong to other messages", outcome["cause"]["message"])

    def test_as_many_replies_as_requests_are_a_success(self):
        for name, body in {
                "plain": "for l in sys.stdin:\n    print(l.strip())\n",
                "without a line feed at the end":
                    "for l in sys.stdin:\n    sys.stdout.write(l.strip() + '\\n' * (l[0] != '2'))\n"
                    "    if l[0] == '2': sys.exit()\n",
                "empty": "for l in sys.stdin:\n    print()\n"}.items():
            with self.subTest(name):
                outcome, _, log = self.run_surplus(body)
                self.assertEqual((outcome["exit_code"], outcome["surplus_lines"]), (0, 0), log)
                self.assertEqual(len(self.out()), 3)

    def test_a_command_that_always_says_too_much_ends_the_run(self):
        outcome, _, log = self.run_surplus(SURPLUS["twice"], 1000)
        self.assertEqual(outcome["exit_code"], 1, log)
        self.assertRegex(outcome["cause"]["message"], r"more lines than it was given.*10 times")

    def test_a_swallowed_line_gives_its_message_no_other_reply(self):
        self.write("swallow.py", "import sys\nseen = set()\n"
                   "for l in sys.stdin:\n    if l[0] != '3': print(l.strip(), flush=True)\n")
        self.write_lines(range(6))
        outcome, _, log = self.run_json(pipeline(
            "few", "command: [python3, swallow.py], protocol: {mode: request_reply}",
            ", max_in_flight: 6, message_timeout: 1s, retry: {max_attempts: 2, backoff: {initial: 1ms}}"))
        self.assertEqual(outcome["exit_code"], 65, log)
        self.assertEqual(sorted(self.out()), ["0", "1", "2", "4", "5"])
        self.assertEqual(outcome["messages_lost"], 1)

    def test_a_command_that_does_not_end_with_its_input_holds_up_nothing_for_long(self):
        self.write_lines(range(3))
        outcome, _, log = self.run_json(pipeline(
            "stays", "shell: 'cat; exec tail -f /dev/null', protocol: {mode: request_reply}"))
        self.assertEqual(outcome["exit_code"], 0, log)
        self.assertIn("lives on after the end of its input", log)


class Counts(Commands):
    """What did not come out is said, and nothing else is."""

    def test_what_a_stream_command_had_when_it_died_is_counted_as_lost(self):
        self.write("crash.py", CRASH)
        self.write_lines(range(20000))
        outcome, pools, log = self.run_json(pipeline(
            "crash", "command: [python3, crash.py], protocol: {mode: stream}"))
        lost = outcome["messages_lost"]
        self.assertEqual(outcome["exit_code"], 65, log)
        self.assertGreater(lost, 0)
        self.assertGreaterEqual(len(self.out()) + lost, 20000)
        self.assertEqual(pools["mid"]["messages"]["lost"], lost)
        self.assertGreater(pools["mid"]["restarts"], 0)
        self.assertIn("line 5000 is bad", log)
        self.assertRegex(log, r"ended: exit code 1; up to \d+ messages that it had are lost")

    def test_an_undisturbed_stream_loses_nothing_and_no_worker(self):
        self.write_lines(range(3000))
        outcome, pools, log = self.run_json(pipeline(
            "calm", "command: [cat], protocol: {mode: stream}"))
        self.assertEqual(outcome["exit_code"], 0, log)
        self.assertEqual(outcome["messages_lost"], 0)
        for pool in pools.values():
            self.assertEqual((pool["restarts"], pool["messages"]["workers_lost"]), (0, 0))
        self.assertEqual(len(self.out()), 3000)

    def test_a_stream_under_chaos_comes_out_or_is_told_as_lost(self):
        self.write_lines(range(20000))
        outcome, _, log = self.run_json(pipeline(
            "chaos", "command: [cat], protocol: {mode: stream}"), "--chaos", "5ms")
        lost = outcome["messages_lost"]
        self.assertGreaterEqual(len(self.out()) + lost, 20000, log)
        self.assertEqual(outcome["exit_code"], 65 if lost else 0, log)

    def test_what_a_full_channel_drops_is_counted_and_said(self):
        for policy in ("drop_newest", "drop_oldest", "reject", "block"):
            with self.subTest(policy=policy):
                self.write("out", "")
                self.write_lines(range(2000))
                outcome, _, log = self.run_json(SLOW_SINK.format(policy=policy))
                dropped = outcome["channels"][0]["dropped"]
                self.assertEqual(outcome["exit_code"], 0, log)
                self.assertEqual(len(self.out()) + dropped, 2000)
                self.assertEqual(outcome["messages_dropped"], dropped)
                if not policy.startswith("drop"):
                    self.assertEqual(dropped, 0)  # A source is pushed back.

    def test_the_end_tells_what_came_out_and_not_what_went_in(self):
        self.write_lines(range(700))
        done = self.troupe("run", self.write("a.yaml", pipeline(
            "none", "command: [sed, -n, '1,5p'], protocol: {mode: stream}")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"none: done after [\d.]+s, 5 messages, ")

    def test_a_long_line_comes_out_whole_whatever_bytes_it_has(self):
        line = bytearray(b"x" * 1500000)
        for at in range(0, len(line), 1048):
            line[at] = at // 1048 % 9 + 1  # What could be taken for a mark.
        line[1048567] = 7
        text = bytes(line) + b"\nthe next\n"
        with open(self.path("lines"), "wb") as out:
            out.write(text)
        done = self.troupe("run", self.write(
            "a.yaml", "version: 1\nname: long\n"
            "channels: {a: {type: string, max_message_bytes: 4MiB}}\npools:\n"
            "  src: {builtin: {lines_from_file: {path: lines}}, output: a}\n"
            "  dst: {builtin: {lines_to_file: {path: out}}, input: a}\n"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.read("out") == text, "the output differs")


if __name__ == "__main__":
    main()
