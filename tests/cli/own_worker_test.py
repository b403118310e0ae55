#!/usr/bin/env python3
"""Goal: workers that a user wrote run from a YAML file: those of the program that is the command,
and those of a shared library.
Method: run the real command and a program with two worker types."""

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

    def test_a_library_without_the_worker_fails_the_run_and_names_the_near_one(self):
        first = f"worker: shuot, module: {os.environ['TEST_MODULE']}"
        self.write("points.yaml", PIPELINE.format(middle="string", first=first, second=first))
        done = self.troupe("run", "points.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"points failed: .*'shuot'")

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
