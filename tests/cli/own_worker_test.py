#!/usr/bin/env python3
"""Goal: workers that a user wrote run from a YAML file: those of the program that is the command,
and those of a shared library.
Method: run the real command and a program with two worker types."""

import collections
import os

from support import CommandTest, main

PIPELINE = """version: 1
name: points
channels: {{a: {{type: string}}, b: {{type: {middle}}}, c: {{type: string}}}}
pools:
  in: {{builtin: {{lines_from_file: {{path: numbers}}}}, output: a}}
  first: {{{first}, replicas: 2, input: a, output: b, order: preserve}}
  second: {{{second}, replicas: 2, input: b, output: c, order: preserve}}
  out: {{builtin: {{lines_to_file: {{path: result}}}}, input: c}}
"""

SIGNED = """version: 1
name: points
channels: {{a: {{type: string}}, b: {{type: string}}}}
pools:
  in: {{builtin: {{lines_from_file: {{path: numbers}}}}, output: a}}
  first: {{worker: sign, input: a, output: b, order: preserve, {first}}}
  out: {{builtin: {{lines_to_file: {{path: result}}}}, input: b}}
"""

AGING = """version: 1
name: points
channels: {a: {type: string}, b: {type: string}}
pools:
  in: {builtin: {lines_from_file: {path: pipe}}, output: a}
  first: {worker: sign, replicas: 1, input: a, output: b, recycle: {max_age: 10ms}}
  out: {builtin: {lines_to_file: {path: result}}, input: b}
"""


class OwnWorkers(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("numbers", "".join(f"{i}\n" for i in range(500)))

    def test_a_program_with_workers_is_the_whole_command(self):
        self.command = os.environ["OWN_COMMAND"]
        self.write("points.yaml", PIPELINE.format(middle="point", first="worker: to_point",
                                                  second="worker: from_point"))
        for more in ([], ["--chaos", "5ms"]):
            with self.subTest(more=more):
                done = self.troupe("run", "points.yaml", *more)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.read("result").decode().splitlines(),
                                 [f"p{i}={i}" for i in range(500)])
        self.assertIn("troupe ", self.troupe("--version").stdout)

    def signed(self, lines, first):
        """Runs `sign` on so many lines; returns how many each (slot, generation) has signed."""
        self.command = os.environ["OWN_COMMAND"]
        self.write("numbers", "".join(f"{i}\n" for i in range(lines)))
        self.write("points.yaml", SIGNED.format(first=first))
        done = self.troupe("run", "points.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = [line.split() for line in self.read("result").decode().splitlines()]
        self.assertEqual([int(number) for number, _, _ in result], list(range(lines)))
        return collections.Counter((int(slot), int(generation)) for _, slot, generation in result)

    def test_a_worker_is_replaced_after_max_messages_to_the_message(self):
        counts = self.signed(35, "replicas: 1, recycle: {max_messages: 10}")
        self.assertEqual(counts, {(0, 0): 10, (0, 1): 10, (0, 2): 10, (0, 3): 5})

    def test_max_messages_may_be_one(self):
        counts = self.signed(6, "replicas: 1, recycle: {max_messages: 1}")
        self.assertEqual(counts, {(0, generation): 1 for generation in range(6)})

    def test_jitter_spreads_max_messages_over_the_slots(self):
        counts = self.signed(400, "replicas: 2, recycle: {max_messages: 10, jitter: 0.5}")
        for slot, limit in ((0, 10), (1, 8)):
            last = max((generation for at, generation in counts if at == slot), default=0)
            for generation in range(last):
                self.assertEqual(counts[slot, generation], limit, counts)
            self.assertLessEqual(counts[slot, last], limit)

    def test_an_old_worker_is_replaced_even_if_it_has_nothing_to_do(self):
        self.command = os.environ["OWN_COMMAND"]
        self.write("points.yaml", AGING)
        os.mkfifo(self.path("pipe"))
        run = self.start_ready("points", "points.yaml")
        writer = os.open(self.path("pipe"), os.O_WRONLY)  # Waits until the source reads it.
        while True:
            pools = {pool["name"]: pool for pool in self.status("points")["pools"]}
            worker = pools["first"]["slots"][0]
            self.assertEqual(worker["restarts"], 0)
            if worker["generation"] > 0:
                break
        os.write(writer, b"0\n")
        os.close(writer)
        code, text = run.end()
        self.assertEqual(code, 0, text)
        number, slot, generation = self.read("result").split()
        self.assertEqual((number, slot), (b"0", b"0"))
        self.assertGreater(int(generation), 0)

    def test_the_plain_command_does_not_know_them(self):
        self.write("points.yaml", PIPELINE.format(middle="string", first="worker: to_point",
                                                  second="worker: from_point"))
        done = self.troupe("run", "points.yaml")
        self.assertEqual(done.returncode, 78)
        self.assertIn("points.yaml:6:19: error[T009]: pools.first.worker: this program has no "
                      "worker type 'to_point'", done.stderr)

    def test_a_library_with_workers(self):
        first = f"worker: shout, module: {os.environ['TEST_MODULE']}"
        self.write("points.yaml", PIPELINE.format(middle="string", first=first, second=first))
        done = self.troupe("run", "points.yaml", "--chaos", "5ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read("result").decode().splitlines(), [f"{i}!!" for i in range(500)])

    def refused(self, text, *expected):
        """`run` and `validate --environment` say the same, and nothing is started."""
        self.write("points.yaml", text)
        for arguments in (["run"], ["validate", "--environment"]):
            done = self.troupe(*arguments, "points.yaml")
            self.assertEqual(done.returncode, 78, done.stderr)
            for one in expected:
                self.assertIn(one, done.stderr)
        self.assertFalse(os.path.exists(self.path("result")))

    def test_a_library_without_the_worker_is_refused_with_what_it_has(self):
        module = os.environ["TEST_MODULE"]
        first = f"worker: shoutt, module: {module}"
        self.refused(PIPELINE.format(middle="string", first=first, second=first),
                     "points.yaml:6:19: error[T009]: pools.first.worker: module '",
                     "did you mean 'shout'? It has: ", "shout", "to_pair")
        first = f"worker: zzzzzzzzzz, module: {module}"
        self.refused(PIPELINE.format(middle="string", first=first, second=first),
                     "has no worker type 'zzzzzzzzzz'; it has: ")

    def test_types_of_a_library_may_be_those_of_channels(self):
        module = os.environ["TEST_MODULE"]
        pools = {"first": f"worker: to_pair, module: {module}",
                 "second": f"worker: from_pair, module: {module}"}
        name = self.write("points.yaml", PIPELINE.format(middle="pair", **pools))
        for more in ([], ["--chaos", "5ms"]):
            done = self.troupe("run", name, *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.read("result").decode().splitlines(),
                             [f"{i}+{i}" for i in range(500)])
        os.remove(self.path("result"))
        self.refused(PIPELINE.format(middle="pairr", **pools),
                     "error[T009]: channels.b.type: no message type is called 'pairr'; did you "
                     "mean 'pair'?")

    def test_a_library_that_is_none_has_no_workers_or_does_not_end_is_refused(self):
        def text(module):
            return SIGNED.format(first=f"module: {module}")
        self.refused(text(self.write("none.so", "no library")), "error[T018]: pools.first.module: ",
                     "cannot load module", "none.so")
        self.refused(text(os.environ["EMPTY_MODULE"]), "has no workers; use TROUPE_WORKER in it")
        self.refused(text(os.environ["DYING_MODULE"]), "points.yaml:6:", "cannot load module",
                     "dying_module.so: it ended the process that loaded it: worker module-check (pid ",
                     "signal ABRT", "its last words: no licence; what it does when it is loaded")
        os.mkdir(self.path("folder.so"))
        self.refused(text("folder.so"), "folder.so' is a folder; name the library (the .so file) in it")
        os.mkfifo(self.path("pipe.so"))
        self.refused(text("pipe.so"), "pipe.so' is no regular file; name the library")

    def test_a_library_that_exits_while_it_is_loaded_is_refused(self):
        for code in ("0", "3"):
            self.env["DYING_MODULE_EXIT"] = code
            self.refused(SIGNED.format(first=f"module: {os.environ['DYING_MODULE']}"),
                         "points.yaml:6:", "dying_module.so: it ended the process that loaded it: ",
                         f"exit code {code}", "must not end it")

    def labelled(self, config, more=()):
        self.command = os.environ["OWN_COMMAND"]
        self.write("numbers", "1\n")
        self.write("points.yaml", f"""version: 1
name: points
vars: {{number: "3"}}
channels: {{a: {{type: string}}, b: {{type: string}}}}
pools:
  in: {{builtin: {{lines_from_file: {{path: numbers}}}}, output: a}}
  first:
    worker: label
    input: a
    output: b
    {config}
  out: {{builtin: {{lines_to_file: {{path: result}}}}, input: b}}
""")
        return self.troupe("run", "points.yaml", *more)

    def test_a_setting_that_is_wrong_is_an_error_with_its_place_and_never_the_default(self):
        for config, place, expected in (
                ("config: {count: many}", 21, "config.count is 'many', not a whole number; "),
                ("config: {count: 1.5}", 21, "config.count is '1.5', not a whole number; "),
                ("config: {count: 10s}", 21, "config.count is '10s', not a whole number; "),
                ("config: {count: }", 14, "config.count is nothing, not a whole number; "),
                ("config: {count: ''}", 21, "config.count is '', not a whole number; "),
                ("config: {count: [1]}", 21, "config.count is a list, not a whole number; "),
                ("config: {count: []}", 21, "config.count is a list, not a whole number; "),
                ("config: {count: {}}", 21, "config.count is a map, not a whole number; "),
                ("config: {count: {of: 1}}", 21, "config.count is a map, not a whole number; "),
                ("config: {count: 99999999999999999999}", 21,
                 "config.count is '99999999999999999999', not a whole number that 64 bits"),
                ("config: {count: 1, loud: 1}", 30, "config.loud is '1', not true or false; "),
                ("config: {loud: [true]}", 20, "config.loud is a list, not true or false; "),
                ("config: {mark: [x]}", 20, "config.mark is a list, not text; "),
                ("config: {mark: }", 14, "config.mark is nothing, not text; "),
                ("config: {names: {a: b}}", 21, "config.names is a map, not a list; "),
                ("config: {names: ~}", 21, "config.names is nothing, not a list; "),
                ("config: {names: [a, [b]]}", 25, "config.names.1 is a list, not text; "),
                ("config: {names: [a, ~, b]}", 25, "config.names.1 is nothing, not text; "),
                ("config: {outer: plain}", 21, "config.outer is 'plain', not a map; "),
                ("config: {outer: [a]}", 21, "config.outer is a list, not a map; "),
                ("config: {outer: {inner: [a]}}", 29, "config.outer.inner is a list, not text; ")):
            with self.subTest(config=config):
                done = self.labelled(config)
                self.assertNotEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"points.yaml:11:{place}: {expected}", done.stderr)
                self.assertIn("first", done.stderr)

    def test_settings_that_are_right_or_not_there_are_taken(self):
        for config, expected in (("description: none", "1!3lnone0"), ("config: {}", "1!3lnone0"),
                                 ("config: {count: -7, loud: true, mark: 5, names: [a, b], "
                                  "outer: {inner: x}}", "15-7Lx2"),
                                 ("config: {count: '4', names: a, outer: {}}", "1!4lnone1"),
                                 ("config: {count: '${number}'}", "1!3lnone0")):
            with self.subTest(config=config):
                done = self.labelled(config)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.read("result").decode(), expected + "\n")

    def test_an_exception_is_a_dead_letter_with_its_text(self):
        self.command = os.environ["OWN_COMMAND"]
        self.write("numbers", "1\nnonsense\n2\n")
        text = PIPELINE.format(middle="point", first="worker: to_point, retry: {max_attempts: 2, "
                               "backoff: {initial: 1ms}}", second="worker: from_point")
        done = self.troupe("run", self.write("points.yaml", text))
        self.assertEqual(done.returncode, 65, done.stderr)  # No dead letter channel took it.
        self.assertEqual(self.read("result"), b"p1=1\np2=2\n")
        self.assertIn('"message":"nonsense"', done.stderr)
        self.assertIn("stoll", done.stderr)


if __name__ == "__main__":
    main()
