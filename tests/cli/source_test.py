#!/usr/bin/env python3
"""Goal: a pipeline begins with what a command writes, and its end tells whether that was all.
Method: small shell commands as sources of the real command: good, failing, killed, endless."""

import os
import signal

from support import CommandTest, main

SOURCE = ("version: 1\nname: src\nchannels: {{a: {{type: string}}}}\npools:\n"
          "  in: {{shell: '{command}', output: a{more}}}\n"
          "  out: {{builtin: {{lines_to_file: {{path: out}}}}, input: a}}\n")


class Source(CommandTest):
    def config(self, command, more=""):
        return self.write("a.yaml", SOURCE.format(command=command, more=more))

    def test_each_line_is_a_message(self):
        for command, expected in (("seq 5", b"1\n2\n3\n4\n5\n"), ("true", b""),
                                  ('printf "a\\0b\\nlast"', b"a\0b\nlast\n"),
                                  ("head -c 900000 /dev/zero; echo; echo x",
                                   bytes(900000) + b"\nx\n")):
            done = self.troupe("run", self.config(command))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(self.read("out") == expected, command)

    def test_a_command_with_arguments_is_a_source_as_well(self):
        name = self.write("a.yaml", SOURCE.format(command="", more="").replace(
            "shell: ''", "command: [seq, 3]"))
        done = self.troupe("run", name)
        self.assertEqual((done.returncode, self.read("out")), (0, b"1\n2\n3\n"), done.stderr)

    def test_its_input_is_empty(self):
        done = self.troupe("run", self.config("cat; echo end"))
        self.assertEqual((done.returncode, self.read("out")), (0, b"end\n"), done.stderr)

    def test_a_source_that_fails_never_ends_well(self):
        for command, how in (("seq 5; exit 3", "exit code 3"),
                             ("seq 5; kill -9 $$$$", "signal KILL"),
                             ("no-such-program", "exit code 127")):
            with self.subTest(command=command):
                done = self.troupe("run", self.config(command))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(how, done.stderr)
                done = self.troupe("run", self.config(command, ", on_error: skip"))
                self.assertEqual(done.returncode, 65, done.stderr)
                self.assertIn(how, done.stderr)
                self.assertEqual(self.read("out"), b"1\n2\n3\n4\n5\n" if "seq" in command else b"")

    def test_an_exit_that_is_meant_is_no_failure(self):
        more = ", restart: {success_exit: [0, 1]}"
        done = self.troupe("run", self.config("grep x /dev/null", more))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_lines_that_are_too_long_for_the_channel_are_given_up_and_the_rest_is_done(self):
        done = self.troupe("run", self.config("head -c 2000000 /dev/zero; echo; echo x"))
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertEqual(self.read("out"), b"x\n")

    def test_it_is_not_recycled(self):
        done = self.troupe("validate", self.config("seq 5", ", recycle: {max_age: 1s}"))
        self.assertEqual(done.returncode, 78)
        self.assertIn("recycle: a command that is a source cannot go on", done.stderr)

    def test_what_validate_prints_runs_the_same(self):
        printed = self.troupe("validate", self.config("seq 3"), "--print").stdout
        done = self.troupe("run", self.write("b.yaml", printed))
        self.assertEqual((done.returncode, self.read("out")), (0, b"1\n2\n3\n"), done.stderr)

    def test_killing_its_worker_doubles_nothing_and_is_told(self):
        # It waits behind its first lines until it is killed.
        os.mkfifo(self.path("never"))
        for command in ("seq 5; read x < never", "seq 300000; read x < never"):
            run = self.start(self.config("echo started >&2; " + command))
            run.wait_for_line("started")
            os.kill(self.wait_for_slot("src", "ready")["pid"], signal.SIGKILL)
            code, log = run.end()
            self.assertEqual(code, 65, log)
            self.assertRegex(log, r"ended with its worker after \d+ lines; what it had not given")
            self.assertEqual(log.count("| started"), 1)  # It is begun once.
            lines = self.read("out").decode().split()
            self.assertEqual(lines, [str(n + 1) for n in range(len(lines))])

    def test_chaos_loses_at_most_the_end_and_says_so(self):
        done = self.troupe("run", self.config("seq 100000"), "--chaos", "5ms")
        lines = self.read("out").decode().split()
        self.assertEqual(lines, [str(n + 1) for n in range(len(lines))])
        self.assertEqual(done.returncode, 0 if len(lines) == 100000 else 65, done.stderr)
        self.assertEqual("ended with its worker" in done.stderr, done.returncode == 65)

    def test_an_endless_one_ends_when_the_run_is_stopped(self):
        os.mkfifo(self.path("never"))
        for command in ("echo started >&2; read x < never", "echo started >&2; yes"):
            run = self.start(self.config(command))
            run.wait_for_line("started")
            run.signal(signal.SIGINT)
            code, log = run.end()
            self.assertEqual(code, 0, log)


if __name__ == "__main__":
    main()
