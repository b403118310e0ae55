#!/usr/bin/env python3
"""Goal: a wrong file is told with line, column and remedy, with exit code 78, and nothing starts.
Method: run the real command on broken files and compare the exact first line."""

import json
import os

from support import SAMPLES, CommandTest, main

# The text of the file, and what is said about it after "bad.yaml:".
BROKEN = {
    "tab": ("version: 1\npools:\n\tapi: {command: [x]}\n", "3:1: error[T001]"),
    "duplicate key": (
        "version: 1\npools:\n  api: {command: [x]}\n  api: {command: [y]}\n",
        "4:3: error[T002]"),
    "foreign key": (
        "version: 1\npools:\n  api:\n    command: [x]\n    numprocs: 3\n",
        "5:5: error[T003]: pools.api.numprocs: unknown key; Troupe calls this 'replicas'"),
    "misspelt key": (
        "version: 1\npools:\n  api:\n    command: [x]\n    restrat: always\n",
        "5:5: error[T003]: pools.api.restrat: unknown key; did you mean 'restart'?"),
    "wrong type": (
        "version: 1\npools:\n  api: {command: [x], replicas: two}\n", "3:33: error[T004]"),
    "out of range": (
        "version: 1\npools:\n  api: {command: [x], replicas: -1}\n", "3:33: error[T005]"),
    "unknown word": (
        "version: 1\npools:\n  api: {command: [x], restart: allways}\n", "3:32: error[T006]"),
    "missing key": ("version: 1\npools:\n  api: {replicas: 1}\n", "3:3: error[T007]"),
    "unknown channel": (
        "version: 1\npools:\n  api: {builtin: sha256, input: lines, output: sums}\n", "3:33: error[T009]"),
    "undefined variable": (
        "version: 1\npools:\n  api: {command: [\"${NOWHERE_TO_BE_FOUND}\"]}\n",
        "3:20: error[T012]"),
    "duration without unit": (
        "version: 1\npools:\n  api: {command: [x], stop: {timeout: 10}}\n", "3:39: error[T014]"),
}


class Validate(CommandTest):
    def test_each_broken_file_is_refused_by_both_verbs(self):
        for what, (text, expected) in BROKEN.items():
            for verb in ("validate", "run"):
                with self.subTest(what=what, verb=verb):
                    shown = self.troupe(verb, self.write("bad.yaml", text))
                    self.assertEqual(shown.returncode, 78, shown.stderr)
                    self.assertEqual(shown.stdout, "")
                    first = shown.stderr.split("\n", 1)[0]
                    self.assertTrue(first.startswith("bad.yaml:" + expected), first)

    def test_the_place_is_shown_with_the_line(self):
        name = self.write("bad.yaml", BROKEN["foreign key"][0])
        self.assertEqual(
            self.troupe("validate", name).stderr,
            "bad.yaml:5:5: error[T003]: pools.api.numprocs: unknown key; Troupe calls this "
            "'replicas'\n"
            "    5 |     numprocs: 3\n"
            "      |     ^~~~~~~~\n"
            "troupe: 1 error\n")

    def test_what_is_wrong_is_counted_at_the_end(self):
        text = "version: 1\npools:\n  Api: {command: [x], replicas: two, numprocs: 3}\n"
        shown = self.troupe("validate", self.write("bad.yaml", text)).stderr
        self.assertEqual(shown.splitlines()[-1], "troupe: 3 errors")

    def test_json_has_every_finding(self):
        text = "version: 1\npools:\n  api: {command: [x], replicas: two, numprocs: 3}\n"
        shown = self.troupe("validate", self.write("bad.yaml", text), "--json")
        self.assertEqual(shown.returncode, 78)
        result = json.loads(shown.stdout)
        self.assertEqual((result["ok"], result["errors"]), (False, 2))
        self.assertEqual({one["code"] for one in result["diagnostics"]}, {"T003", "T004"})
        refused = json.loads(self.troupe("run", "bad.yaml", "--json").stdout)
        self.assertEqual((refused["result"], refused["exit_code"]), ("refused", 78))
        self.assertEqual(len(refused["diagnostics"]), 2)

    def test_a_right_file_is_said_to_be_right(self):
        for sample in ("checksum", "words", "copy"):
            shown = self.troupe("validate", os.path.join(SAMPLES, sample + ".yaml"))
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertIn(f"'{sample}' is in order", shown.stdout)

    def test_print_is_a_fixed_point_and_stdin_works(self):
        once = self.troupe("validate", os.path.join(SAMPLES, "words.yaml"), "--print")
        twice = self.troupe("validate", "-", "--print", input=once.stdout)
        self.assertEqual(twice.returncode, 0, twice.stderr)
        self.assertEqual(once.stdout, twice.stdout)

    def test_set_wins_over_vars(self):
        shown = self.troupe("validate", os.path.join(SAMPLES, "words.yaml"), "--print",
                            "--set", "counts=here")
        self.assertIn('path: "' + self.path("here") + '"', shown.stdout)

    def test_warnings_count_only_when_asked(self):
        text = ("version: 1\npools:\n  api:\n    command: [tail, -f, /dev/null]\n"
                "    restart: {intensity: 5, period: 10s, backoff: {initial: 5s}}\n")
        name = self.write("slow.yaml", text)
        shown = self.troupe("validate", name)
        self.assertEqual(shown.returncode, 0)
        self.assertIn("warning[T021]", shown.stderr)
        self.assertEqual(self.troupe("validate", name, "--strict-warnings").returncode, 78)

    def test_validate_creates_nothing(self):
        self.troupe("validate", os.path.join(SAMPLES, "words.yaml"), "--environment")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_file_that_is_not_there(self):
        shown = self.troupe("run", "nowhere.yaml")
        self.assertEqual(shown.returncode, 78)
        self.assertIn("nowhere.yaml: error[T013]: cannot be read: No such file", shown.stderr)

    def test_no_colours_outside_a_terminal(self):
        shown = self.troupe("validate", self.write("bad.yaml", BROKEN["foreign key"][0]))
        self.assertNotIn("\x1b", shown.stderr)


LINE = """version: 1
name: line
channels: {{a: {{type: string}}, b: {{type: string}}}}
pools:
  in: {{{first}, output: a}}
  mid: {{{second}, input: a, output: b}}
  out: {{{third}, input: b}}
"""
SOURCE = "builtin: {lines_from_file: {path: numbers}}"
FILTER = "worker: sign"
SINK = "builtin: {lines_to_file: {path: result}}"


class NeverRuns(CommandTest):
    """What the file alone shows that no run can do is refused by whoever only checks it."""

    def setUp(self):
        super().setUp()
        self.command = os.environ["OWN_COMMAND"]
        self.write("numbers", "1\n")

    def refused(self, text, *expected):
        name = self.write("never.yaml", text)
        said = set()
        for arguments in (["validate", name], ["validate", name, "--environment"], ["run", name]):
            shown = self.troupe(*arguments)
            self.assertEqual(shown.returncode, 78, (text, arguments, shown.stderr))
            for one in expected:
                self.assertIn(one, shown.stderr)
            said.add(shown.stderr)
        self.assertEqual(len(said), 1, said)
        self.assertFalse(os.path.exists(self.path("result")), "something was started")

    def test_a_tree_of_which_nothing_is_enabled(self):
        self.refused("version: 1\npools:\n  a: {command: [sleep, '1'], enabled: false}\n"
                     "  b: {command: [sleep, '1'], enabled: false}\n",
                     "never.yaml:3:39: error[T007]: pools.a.enabled: every pool is left out")

    def line(self, first=SOURCE, second=FILTER, third=SINK):
        return LINE.format(first=first, second=second, third=third)

    def test_what_runs_is_in_order(self):
        name = self.write("line.yaml", self.line())
        for arguments in (["validate"], ["validate", "--environment"], ["run"]):
            shown = self.troupe(*arguments, name)
            self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_a_stage_without_workers(self):
        none = "error[T005]: pools.{}.replicas: a pool with channels needs at least 1, got 0"
        self.refused(self.line(SOURCE + ", replicas: 0"), none.format("in"))
        self.refused(self.line(second=FILTER + ", replicas: 0"), "never.yaml:6:33: " + none.format("mid"))
        self.refused(self.line(third=SINK + ", replicas: 0"), none.format("out"))
        self.refused(self.line("builtin: stdin, replicas: 0"), none.format("in"))

    def test_a_source_with_several_workers(self):
        for source in ("command: [echo, x]", "shell: echo x"):
            for many in ("2", "auto"):
                self.refused(self.line(f"{source}, replicas: {many}"),
                             "error[T008]: pools.in.replicas: a pool without 'input' is a source and "
                             "works alone")

    def test_settings_of_a_worker_that_are_no_map(self):
        for config in ("[1]", "hello", "5", "'{'", "true"):
            self.refused(self.line(second=f"{FILTER}, config: {config}"),
                         "never.yaml:6:31: error[T004]: pools.mid.config: a worker asks for its "
                         "settings by name")

    def test_a_program_or_worker_without_a_name(self):
        self.refused(self.line(second="worker: ''"), "error[T005]: pools.mid.worker: must name")
        self.refused(self.line(second="command: ['', x], protocol: {mode: stream}"),
                     "error[T005]: pools.mid.command: must name")

    def test_text_that_the_kernel_would_cut_off(self):
        for part in ('command: ["echo", "a\\0b"]', 'command: "echo a\\0b"', 'shell: "echo a\\0b"',
                     'command: [echo], env: {A: "x\\0y"}', 'command: [echo], working_dir: "/\\0b"',
                     'command: [echo], args: ["\\0"]'):
            self.refused(f"version: 1\npools:\n  zero: {{{part}, restart: never}}\n",
                         "error[T005]: pools.zero.", "has a zero byte")
        self.refused(self.line('builtin: {lines_from_file: {path: "numbers\\0x"}}'), "has a zero byte")
        name = self.write("line.yaml", self.line(second=FILTER + ', config: {any: "a\\0b"}'))
        self.assertEqual(self.troupe("run", name).returncode, 0)

    def test_a_socket_with_too_long_a_path(self):
        self.refused(self.line() + f"control: {{socket: /tmp/{'x' * 200}}}\n",
                     "never.yaml:8:19: error[T005]: control.socket: the path /tmp/xxx",
                     "is longer than 107 bytes")

    def test_a_worker_in_a_place_that_is_not_for_its_kind(self):
        # Only the program knows the kinds of its workers: `validate` alone is right for any program.
        for text, expected in ((self.line(first="worker: sign"), "5:3: error[T008]: pools.in.input"),
                               ("version: 1\npools:\n  lone: {worker: sign}\n",
                                "3:3: error[T008]: pools.lone.input")):
            name = self.write("role.yaml", text)
            self.assertEqual(self.troupe("validate", name).returncode, 0)
            for arguments in (["run"], ["validate", "--environment"]):
                shown = self.troupe(*arguments, name)
                self.assertEqual(shown.returncode, 78, shown.stderr)
                self.assertIn(f"role.yaml:{expected}: worker 'sign' is a transform; name the "
                              "channel that it reads", shown.stderr)


class Environment(CommandTest):
    """What the file names must be there before anything starts."""

    def check(self, pool, expected, code="T018", top=""):
        text = f"version: 1\nname: env\n{top}pools:\n  api:\n    {pool}\n"
        name = self.write("env.yaml", text)
        for arguments in (["run", name], ["validate", name, "--environment"]):
            shown = self.troupe(*arguments)
            self.assertEqual(shown.returncode, 78, shown.stderr)
            self.assertIn(f"error[{code}]", shown.stderr)
            self.assertIn(expected, shown.stderr)
        self.assertEqual(self.troupe("validate", name).returncode, 0)
        self.assertFalse(os.path.exists(self.path("state")), "something was started")
        return shown.stderr

    def test_a_file_that_is_written_has_no_other_pool(self):
        """Under each of its names; what was there stays."""
        self.write("here", "1\n2\n")
        os.link(self.path("here"), self.path("hard"))
        os.symlink("here", self.path("soft"))
        os.symlink(self.folder, self.path("folder"))
        two = "is written by pool 'one', too: each would cut off what the other wrote"
        read = "is read by pool 'in': it would be cut off before it is read"
        for source, one, other, expected in (
                ("in", "new", "new", two), ("in", "new", "./new", two), ("in", "new", "folder/new", two),
                ("in", "here", "hard", two), ("in", "soft", "here", two),
                ("here", "new", "here", read), ("here", "new", "hard", read),
                ("soft", "new", self.path("here"), read)):
            self.write("in", "1\n")
            name = self.write("files.yaml", (
                "version: 1\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
                f"  in: {{builtin: {{lines_from_file: {{path: {source}}}}}, output: [a, b]}}\n"
                f"  one: {{builtin: {{lines_to_file: {{path: {one}}}}}, input: a}}\n"
                f"  two: {{builtin: {{lines_to_file: {{path: {other}}}}}, input: b}}\n"))
            for arguments in (["run"], ["validate", "--environment"]):
                shown = self.troupe(*arguments, name)
                self.assertEqual(shown.returncode, 78, shown.stderr)
                self.assertIn(expected, shown.stderr)
            self.assertFalse(os.path.exists(self.path("new")))
            with open(self.path("here"), encoding="utf-8") as file:
                self.assertEqual(file.read(), "1\n2\n")

    def test_a_device_may_have_several_writers(self):
        self.write("in", "1\n")
        name = self.write("files.yaml", (
            "version: 1\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
            "  in: {builtin: {lines_from_file: {path: in}}, output: [a, b]}\n"
            "  one: {builtin: {lines_to_file: {path: /dev/null}}, input: a}\n"
            "  two: {builtin: {lines_to_file: {path: /dev/null}}, input: b}\n"))
        self.assertEqual(self.troupe("validate", "--environment", name).returncode, 0)

    def test_command_not_in_path(self):
        shown = self.check("command: [no-such-program-here]", "not found in PATH")
        self.assertTrue(shown.startswith("env.yaml:5:14: error[T018]: pools.api.command:"), shown)

    def test_command_path_missing(self):
        self.check("command: [./missing]", "No such file or directory")

    def test_command_not_executable(self):
        os.chmod(self.path(self.write("plain", "#!/bin/sh\n")), 0o644)
        self.check("command: [./plain]", "not executable (chmod +x)")

    def test_command_with_line_ends_of_windows(self):
        name = self.write("script", "#!/bin/sh\r\necho\r\n")
        os.chmod(self.path(name), 0o755)
        self.check("command: [./script]", "line ends of Windows")

    def test_command_whose_interpreter_is_missing(self):
        os.chmod(self.path(self.write("script", "#!/no/such/shell\n")), 0o755)
        self.check("command: [./script]", "/no/such/shell")

    def test_command_is_a_directory(self):
        os.mkdir(self.path("folder"))
        self.check("command: [./folder]", "it is a directory")

    def test_working_dir_missing(self):
        self.check("command: [tail]\n    working_dir: nowhere", "does not exist")

    def test_working_dir_is_a_file(self):
        self.write("file", "")
        self.check("command: [tail]\n    working_dir: file", "is not a folder")

    def test_working_dir_of_one_replica_missing(self):
        os.mkdir(self.path("w0"))
        self.check("command: [tail]\n    replicas: 2\n    working_dir: \"w${TROUPE_REPLICA}\"",
                   "w1' does not exist")

    def test_env_file_missing(self):
        self.check("command: [tail]\n    env_file: nowhere.env", "nowhere.env")

    def test_env_file_that_can_be_read_once_only(self):
        os.mkfifo(self.path("pipe.env"))
        os.mkdir(self.path("folder.env"))
        for name in ("pipe.env", "folder.env"):
            self.check(f"command: [tail]\n    env_file: {name}", "it must be a file")

    def test_env_file_with_a_bad_line(self):
        self.write("bad.env", "A=1\nnonsense\n")
        path = self.write("env.yaml",
                          "version: 1\npools: {api: {command: [tail], env_file: bad.env}}\n")
        for verb in ("run", "validate"):
            shown = self.troupe(verb, path)
            self.assertEqual(shown.returncode, 78, shown.stderr)
            self.assertIn("bad.env:2:1: error[T001]: pools.api.env_file: expected KEY=VALUE",
                          shown.stderr)

    def test_env_file_is_checked_without_the_environment(self):
        self.write("bad.env", "A=1\nexport B=$HOME/x\nC = 3\n")
        path = self.write("t.yaml", "version: 1\nenv_file: bad.env\npools: {a: {command: [no_such]}}\n")
        shown = self.troupe("validate", path)
        self.assertEqual(shown.returncode, 78)
        self.assertIn("bad.env:2:10: error[T001]: env_file: nothing is expanded here", shown.stderr)
        self.assertIn("bad.env:3:1: error[T001]: env_file: remove the blank", shown.stderr)
        self.assertIn("export B=$HOME/x\n", shown.stderr)

    def test_path_of_the_pool_counts(self):
        self.check("command: [tail]\n    env: {PATH: /nowhere}", "not found in PATH (/nowhere)")

    def test_unknown_worker_type(self):
        self.check("worker: sha265", "did you mean 'sha256'?", code="T009")
        self.check("worker: conquer_the_world", "TROUPE_WORKER", code="T009")

    def test_module_missing(self):
        self.check("worker: mine\n    module: ./libmine.so", "there is no library")

    def test_folder_of_a_sink_missing(self):
        text = ("version: 1\nchannels: {a: {type: string}}\npools:\n"
                "  in: {builtin: {file_tree: {root: .}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: nowhere/x}}, input: a}\n")
        shown = self.troupe("run", self.write("sink.yaml", text))
        self.assertEqual(shown.returncode, 78)
        self.assertIn("sink.yaml:5:41: error[T018]: pools.out.builtin.lines_to_file.path: "
                      "its folder", shown.stderr)
        self.assertIn("make it first", shown.stderr)

    def test_an_external_channel_that_nobody_outside_reaches(self):
        text = ("version: 1\nchannels: {a: {type: string, external: true}}\npools:\n"
                "  out: {builtin: {lines_to_file: {path: x}}, input: a}\n")
        name = self.write("external.yaml", text)
        for arguments in (["run", name], ["validate", name, "--environment"]):
            shown = self.troupe(*arguments)
            self.assertEqual(shown.returncode, 78, shown.stderr)
            self.assertIn("external.yaml:2:12: error[T017]: channels.a: no pool writes it",
                          shown.stderr)
        # The file alone shows it.
        shown = self.troupe("validate", name)
        self.assertEqual(shown.returncode, 78, shown.stderr)
        self.assertIn("external.yaml:2:12: error[T017]: channels.a: no pool writes it", shown.stderr)

    def test_root_of_a_source_missing(self):
        text = ("version: 1\nchannels: {a: {type: string}}\npools:\n"
                "  in: {builtin: {file_tree: {root: nowhere}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: x}}, input: a}\n")
        shown = self.troupe("run", self.write("source.yaml", text))
        self.assertEqual(shown.returncode, 78)
        self.assertIn("nowhere' does not exist", shown.stderr)
        self.assertFalse(os.path.exists(self.path("x")))


if __name__ == "__main__":
    main()
