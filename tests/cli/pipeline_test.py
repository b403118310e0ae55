#!/usr/bin/env python3
"""Goal: a pipeline's output is right whatever happens to its workers, and trouble with its files is
told.
Method: run the sample configurations on small trees and compare with coreutils and with Python."""

import collections
import json
import os
import random
import shutil
import signal
import subprocess

from support import IDLE, SAMPLES, CommandTest, Gone, main, without_privileges

TWO_POOLS = ("version: 1\nname: pair\nchannels: {a: {type: string}}\npools:\n"
             "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
             "  out: {builtin: {lines_to_file: {path: copy}}, input: a}\n")


# The same with a stage in between that waits at its first message until the test opens the gate, so
# that the run cannot end before the test has done what it wants.
GATED = ("version: 1\nname: pair\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
         "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
         "  gate: {shell: 'read -r x; echo waiting >&2; read -r y < gate; echo $x; cat',\n"
         "         protocol: {mode: request_reply}, stop: {drain: 0s}, input: a, output: b}\n"
         "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n")


# The same with one in between that waits before each number that ends with 00, at a gate of its own.
STOPS = ("version: 1\nname: pair\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
         "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
         "  stops: {shell: 'while read -r x; do case $x in *00)\n"
         "            [ -p gate.$$$$ ] || mkfifo gate.$$$$;\n"
         "            echo waiting $$$$ >&2; read -r y < gate.$$$$;; esac; echo $x; done',\n"
         "          protocol: {mode: request_reply}, input: a, output: b}\n"
         "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n")


def sample(name):
    return os.path.join(SAMPLES, name + ".yaml")


class Tree(CommandTest):
    def make_tree(self, files=60):
        """Files of many sizes, some below each other, some with names that need care."""
        chance = random.Random(7)
        names = [f"d{i % 5}/e{i % 3}/file {i}.txt" for i in range(files)]
        names += ["back\\slash", "new\nline", "tab\tand  blanks ", "-dash", "empty", "ümläut",
                  "$HOME", "q'uo\"te", "*", ".hidden", os.fsdecode(b"not-\xff\xfeutf8")]
        words = [f"w{i}" for i in range(50)] + ["Zebra", "zebra", "a-b", "x"]
        for name in names:
            path = self.path("tree", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                for _ in range(0 if name == "empty" else chance.randrange(200)):
                    file.write(" ".join(chance.choices(words, k=chance.randrange(8))) + "\n")
        return names

    def run_sample(self, name, *more, **variables):
        arguments = ["run", sample(name), "--set", "root=" + self.path("tree"), *more]
        for key, value in variables.items():
            arguments += ["--set", f"{key}={self.path(value)}"]
        return self.troupe(*arguments)

    def sums(self):
        """What the manifest must be, as a set of lines."""
        listed = subprocess.run(["find", self.path("tree"), "-type", "f", "-print0"],
                                stdout=subprocess.PIPE, check=True)
        shown = subprocess.run(["xargs", "-0", "sha256sum"], input=listed.stdout,
                               stdout=subprocess.PIPE, check=True)
        return sorted(shown.stdout.splitlines())


class Samples(Tree):
    def test_checksums_are_those_of_coreutils_with_and_without_chaos(self):
        self.make_tree()
        expected = self.sums()
        for more in ([], ["--chaos", "5ms"], ["--chaos", "20ms", "--chaos-seed", "9"]):
            with self.subTest(more=more):
                done = self.run_sample("checksum", *more, manifest="sums")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(sorted(self.read("sums").splitlines()), expected)
                checked = subprocess.run(["sha256sum", "--check", "--quiet", self.path("sums")],
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_the_same_lines_without_order_and_the_same_bytes_with_it(self):
        self.make_tree()
        with open(sample("checksum"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("replicas: auto", text)
        manifests = {}
        for name, pool, *more in (("alone", "replicas: 1"), ("any", "replicas: 4", "--chaos", "5ms"),
                                  ("kept", "replicas: 4\n    order: preserve", "--chaos", "5ms")):
            self.write(name + ".yaml", text.replace("replicas: auto", pool))
            done = self.troupe("run", name + ".yaml", "--set", "root=tree", "--set",
                               "manifest=" + name, *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            manifests[name] = self.read(name)
        self.assertEqual(sorted(manifests["any"].splitlines()), sorted(manifests["alone"].splitlines()))
        self.assertEqual(manifests["kept"], manifests["alone"])

    def test_copies_are_equal_with_and_without_chaos(self):
        names = self.make_tree()
        for number, more in enumerate(([], ["--chaos", "5ms"])):
            with self.subTest(more=more):
                target = f"copy{number}"
                done = self.run_sample("copy", *more, target=target, failed="failed")
                self.assertEqual(done.returncode, 0, done.stderr)
                compared = subprocess.run(["diff", "-r", self.path("tree"), self.path(target)],
                                          stdout=subprocess.PIPE, check=False)
                self.assertEqual(compared.returncode, 0, compared.stdout)
                self.assertEqual(self.read("failed"), b"")
                listed = self.read(target + ".txt")
                self.assertEqual(listed.count(b"\n"), len(names))
                self.assertIn(b"new\\nline\n", listed)  # One has a line feed inside.

    def test_word_counts_are_right_with_and_without_chaos(self):
        words = collections.Counter()
        for name in self.make_tree():
            words.update(self.read(os.path.join("tree", name)).split())
        expected = b"".join(b"%d %s\n" % (count, word) for word, count in sorted(words.items()))
        for more in ([], ["--chaos", "5ms"]):
            with self.subTest(more=more):
                done = self.run_sample("words", *more, counts="counts")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.read("counts"), expected)

    def test_the_samples_run_as_they_are(self):
        self.make_tree(5)
        os.makedirs(self.path("config", "samples"))
        os.mkdir(self.path("build"))
        for name in ("checksum", "copy", "words"):
            shutil.copy(sample(name), self.path("config", "samples"))
            done = self.troupe("run", f"config/samples/{name}.yaml", "--set", "root=tree")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.read("build/checksums.sha256").splitlines()), self.sums())
        subprocess.run(["diff", "-r", self.path("tree"), self.path("build/copy")], check=True)

    def test_a_path_that_was_typed_is_relative_to_where_it_was_typed(self):
        self.make_tree(5)
        done = self.troupe("run", sample("checksum"), "--set", "root=../tree", "--set", "manifest=sums",
                           cwd=self.path("tree"))
        self.assertEqual(done.returncode, 0, done.stderr)
        written = self.path("tree", "sums")
        expected = [line for line in self.sums() if not line.endswith(b"/sums")]
        with open(written, "rb") as file:
            found = [line for line in file.read().splitlines() if not line.endswith(b"/sums")]
        self.assertEqual(sorted(found), expected)

    def test_an_empty_tree_gives_an_empty_manifest(self):
        os.mkdir(self.path("tree"))
        done = self.run_sample("checksum", manifest="sums")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read("sums"), b"")

    def test_an_unreadable_file_is_a_dead_letter_and_the_rest_is_done(self):
        names = self.make_tree(5)
        os.symlink("/nowhere/at/all", self.path("tree", "dangling"))  # No regular file: left out.
        done = self.run_sample("checksum", "--json", manifest="sums")
        self.assertEqual(done.returncode, 0, done.stderr)
        if os.geteuid() == 0:
            # Root reads everything; a file that vanishes meanwhile is refused the same way.
            listing = "".join(self.path("tree", n) + "\n" for n in ("empty", "vanished", "*"))
            self.write("list", listing)
            text = ("version: 1\nname: list\nchannels: {a: {type: string}, b: {type: string}, "
                    "bad: {type: json}}\npools:\n"
                    "  in: {builtin: {lines_from_file: {path: list}}, output: a}\n"
                    "  hash: {builtin: sha256, input: a, output: b, dead_letter: bad,\n"
                    "         retry: {max_attempts: 2, backoff: {initial: 1ms}}}\n"
                    "  out: {builtin: {lines_to_file: {path: sums}}, input: b}\n"
                    "  lost: {builtin: {lines_to_file: {path: lost}}, input: bad}\n")
            done = self.troupe("run", self.write("list.yaml", text), "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(self.read("sums").splitlines()), 2)
            record = json.loads(self.read("lost"))
            self.assertEqual(record["pool"], "hash")
            self.assertIn("vanished", record["message"])
            self.assertIn("No such file", record["error"])
        else:
            os.chmod(self.path("tree", names[0]), 0)
            done = self.run_sample("checksum", "--json", manifest="sums")
            hashing = json.loads(done.stdout)["pools"][1]["messages"]
            self.assertEqual(hashing["dead_letters"], 1)
            self.assertEqual(len(self.read("sums").splitlines()), len(names) - 1)


class Unreadable(Tree):
    """What cannot be read is told and counted, and the exit code says so."""

    def make_forbidding_tree(self):
        for name in ("a/x", "closed/x", "listed/x", "z"):
            os.makedirs(os.path.dirname(self.path("tree", name)), exist_ok=True)
            self.write(os.path.join("tree", name), "text\n")
        os.chmod(self.path("tree/closed"), 0)
        os.chmod(self.path("tree/listed"), 0o444)

    def run_list(self, source_more, *arguments):
        text = ("version: 1\nname: list\nchannels: {a: {type: string}, bad: {type: json}}\npools:\n"
                "  in: {builtin: {file_tree: {root: tree}}, output: a" + source_more + "}\n"
                "  out: {builtin: {lines_to_file: {path: list}}, input: a}\n")
        if "bad" in source_more:
            text += "  lost: {builtin: {lines_to_file: {path: bad}}, input: bad}\n"
        else:
            text = text.replace(", bad: {type: json}", "")
        return self.troupe("run", self.write("list.yaml", text), *arguments,
                           preexec_fn=without_privileges)

    def test_a_folder_that_refuses_stops_the_run(self):
        self.make_forbidding_tree()
        done = self.run_list("")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"the folder '.*tree/closed/' cannot be opened: Permission denied")

    def test_skipped_folders_are_counted_once_whatever_is_killed(self):
        self.make_forbidding_tree()
        for more in ([], ["--chaos", "2ms"]):
            with self.subTest(more=more):
                done = self.run_list(", on_error: skip", "--json", *more)
                self.assertEqual(done.returncode, 65, done.stderr)
                self.assertEqual(json.loads(done.stdout)["messages_lost"], 2)
                self.assertEqual(done.stderr.count("gave a message up"), 2)
                self.assertIn("tree/listed/' cannot be entered: Permission denied", done.stderr)
                self.assertEqual(self.read("list"), b"tree/a/x\ntree/z\n")

    def test_skipped_folders_go_to_the_dead_letters_of_the_source(self):
        self.make_forbidding_tree()
        done = self.run_list(", on_error: skip, dead_letter: bad")
        self.assertEqual(done.returncode, 0, done.stderr)
        records = [json.loads(line) for line in self.read("bad").splitlines()]
        self.assertEqual([record["message"] for record in records],
                         ["tree/closed/", "tree/listed/"])

    def test_a_name_with_a_line_feed_is_not_listed_as_two(self):
        self.make_tree(3)
        done = self.run_list("")
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn("the message holds a line feed", done.stderr)
        names = len(self.sums())
        self.assertEqual(len(self.read("list").splitlines()), names - 1)

    def test_messages_that_name_no_readable_file_end_with_65_and_do_not_hang(self):
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        self.write("secret", "x\n")
        os.chmod(self.path("secret"), 0)
        self.write("good", "x\n")
        names = ("folder", "fifo", "secret", "/dev/zero", "/dev/stdin", "good")
        self.write("names", "".join(f"{name}\n" for name in names))
        for builtin in ("sha256", "file_lines", "{copy_file: {target: copies}}"):
            with self.subTest(builtin=builtin):
                text = ("version: 1\nname: read\nchannels: {a: {type: string}, b: {type: string}}\n"
                        "pools:\n"
                        "  in: {builtin: {lines_from_file: {path: names}}, output: a}\n"
                        "  read: {builtin: " + builtin + ", input: a, output: b,\n"
                        "         retry: {max_attempts: 2, backoff: {initial: 1ms}}}\n"
                        "  out: {builtin: {lines_to_file: {path: out}}, input: b}\n")
                done = self.troupe("run", self.write("read.yaml", text), "--json",
                                   preexec_fn=without_privileges)
                self.assertEqual(done.returncode, 65, done.stderr)
                self.assertEqual(json.loads(done.stdout)["messages_lost"], 5)
                self.assertEqual(self.read("out").count(b"\n"), 1)


class Outcome(CommandTest):
    def numbers(self, count=2000):
        self.write("numbers", "".join(f"{i}\n" for i in range(count)))
        return self.write("pair.yaml", TWO_POOLS)

    def start_gated(self, text):
        """Starts it with a gate that stays closed, and waits until a message stands before it."""
        self.numbers(10)
        os.mkfifo(self.path("gate"))
        run = self.start_ready("pair", self.write("pair.yaml", text))
        run.wait_for_line(r"gate/0 \| waiting$")
        return run

    def test_the_table_has_every_pool(self):
        done = self.troupe("run", self.numbers())
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertRegex(done.stderr, r"(?m)^pool +role +workers +in +out +restarts +retries +"
                                      r"dead letters +errors$")
        self.assertRegex(done.stderr, r"(?m)^in +source +1 +- +2000 +0 ")
        self.assertRegex(done.stderr, r"(?m)^out +sink +1 +2000 +- +0 ")
        self.assertRegex(done.stderr, r"(?m)^pair: done after .*, 2000 messages, .*/s$")

    def test_quiet_says_nothing(self):
        done = self.troupe("run", self.numbers(), "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_json_is_one_object_on_stdout(self):
        done = self.troupe("run", self.numbers(), "--json", "--chaos", "5ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("\n"), 1)
        result = json.loads(done.stdout)
        self.assertEqual((result["result"], result["exit_code"], result["cause"]),
                         ("finished", 0, None))
        self.assertEqual(result["messages"], 2000)
        self.assertEqual([pool["name"] for pool in result["pools"]], ["in", "out"])
        self.assertEqual(result["pools"][1]["messages"]["done"], 2000)

    def test_a_failing_sink_fails_the_run_and_says_what_to_do(self):
        self.numbers()
        text = TWO_POOLS.replace("path: copy", "path: /dev/full")
        done = self.troupe("run", self.write("full.yaml", text), "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"troupe: pair failed: .*out.*No space left on device")
        result = json.loads(done.stdout)
        self.assertEqual((result["result"], result["exit_code"]), ("failed", 1))
        self.assertIn("No space left", result["cause"]["message"])

    def test_messages_given_up_are_counted_and_told(self):
        self.numbers(10)
        text = ("version: 1\nname: lame\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n"
                "  lame: {command: ['false'], input: a, output: b,\n"
                "         protocol: {mode: request_reply},\n"
                "         retry: {max_attempts: 2, backoff: {initial: 1ms}}}\n")
        done = self.troupe("run", self.write("lame.yaml", text))
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn("command 'false' ended: exit code 1", done.stderr)
        self.assertIn("0 messages, 0/s, 10 given up", done.stderr)
        self.assertIn(", 10 given up", done.stderr)
        self.assertRegex(done.stderr, r"troupe: lame: 10 messages were given up .*dead_letter")

    def test_dead_letters_that_a_pool_took_are_no_loss_and_others_are(self):
        self.numbers(3)
        text = ("version: 1\nname: lame\nchannels: {a: {type: string}, b: {type: string}, "
                "bad: {type: json}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n"
                "  lame: {command: ['false'], input: a, output: b, dead_letter: bad,\n"
                "         protocol: {mode: request_reply},\n"
                "         retry: {max_attempts: 2, backoff: {initial: 1ms}}}\n")
        reader = "  lost: {builtin: {lines_to_file: {path: lost}}, input: bad}\n"
        done = self.troupe("run", self.write("read.yaml", text + reader), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["messages_lost"], 0)
        self.assertEqual(self.read("lost").count(b"\n"), 3)
        # Nobody reads the channel, so its messages end with the run: at least they are logged.
        done = self.troupe("run", self.write("unread.yaml", text), "--json")
        self.assertEqual(done.returncode, 65, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["result"], result["exit_code"], result["messages_lost"]),
                         ("finished", 65, 3))
        self.assertIn("3 messages were given up", result["cause"]["message"])
        self.assertEqual(done.stderr.count("pool 'lame' gave a message up:"), 3)

    def test_lines_that_are_refused_end_with_65_and_the_log_stays_short(self):
        # 3 MiB fit into what is written to stderr, 5 MiB do not; both are more than a message may be.
        for size in (3_000_000, 5_000_000):
            with self.subTest(size=size):
                self.write("numbers", "x" * size + "\nthe next\n")
                done = self.troupe("run", self.write("pair.yaml", TWO_POOLS))
                self.assertEqual(done.returncode, 65, done.stderr[:2000])
                self.assertEqual(self.read("copy"), b"the next\n")
                self.assertIn(f'"message_bytes":{size}', done.stderr)
                self.assertLess(len(done.stderr), 10_000)

    def test_a_message_that_nobody_can_log_does_not_keep_the_run_from_ending(self):
        # Dropped by the console, because each is more than it keeps.
        self.write("numbers", ("x" * 5_000_000 + "\n") * 4)
        run = self.start(self.write("pair.yaml", TWO_POOLS))
        run.wait_for_line("message_bytes")
        run.signal(signal.SIGTERM)
        self.assertIn(run.end()[0], (0, 65))

    def test_a_pool_that_spends_its_restarts_fails_the_run(self):
        run = self.start_gated(GATED.replace("input: b}", "input: b, restart: {intensity: 0}}"))
        os.kill(self.status("pair", "out")["pools"][0]["slots"][0]["pid"], signal.SIGKILL)
        code, text = run.end()
        self.assertEqual(code, 1, text)
        self.assertRegex(text, r"troupe: pair failed: pool 'out' gave up: worker out/0 .*signal KILL")
        self.assertEqual(run.family(), [])

    def test_ctrl_c_drains_and_what_was_written_is_whole(self):
        # The source stops after what it has given, so the output is a prefix of the input.
        self.write("numbers", "".join(f"{i}\n" for i in range(3_000_000)))
        text = TWO_POOLS.replace("pools:\n", f"pools:\n  api: {{shell: 'echo up; {IDLE}'}}\n")
        run = self.start(self.write("pair.yaml", text), "--json")
        run.wait_for_line(r"\| up$")
        gone = Gone(run.family())
        run.signal(signal.SIGINT)
        code, text = run.end()
        self.assertEqual(code, 0, text)
        written = self.read("copy")
        self.assertTrue(self.read("numbers").startswith(written))
        self.assertTrue(written == b"" or written.endswith(b"\n"))
        result = json.loads(run.process.stdout.read())
        self.assertIn(result["result"], ("stopped", "finished"))
        counts = {pool["name"]: pool.get("messages") for pool in result["pools"]}
        self.assertEqual(counts["in"]["out"], written.count(b"\n"))  # Nothing was left on the way.
        self.assertEqual(counts["out"]["done"], written.count(b"\n"))
        self.assertEqual(gone.wait(), [])

    def test_kill_9_of_the_run_takes_the_workers_along(self):
        run = self.start_gated(GATED)
        gone = Gone(run.family())
        run.process.kill()
        run.process.wait()
        self.assertEqual(gone.wait(), [])
        self.assertEqual(run.family(), [])

    def test_the_zygote_may_be_killed_ten_times_and_the_output_is_the_same(self):
        numbers = "".join(f"{i}\n" for i in range(1, 1050))
        self.write("numbers", numbers)
        run = self.start(self.write("a.yaml", STOPS))
        for _ in range(10):
            run.wait_for_line("waiting")
            [zygote] = run.children()
            os.kill(zygote, signal.SIGKILL)
            gate = run.wait_for_line(r"waiting (\d+)")[1]
            with open(self.path(f"gate.{gate}"), "w", encoding="utf-8") as opened:
                opened.write("open\n")
        code, told = run.end()
        self.assertEqual(code, 0, told)
        self.assertEqual(self.read("copy").decode(), numbers)
        self.assertRegex(told, r"worker stops/0 \(pid \d+\) .*; restart 10 in \d+ms \(not counted: it "
                               "went with its zygote\\)")
        self.assertRegex(told, r"the zygote died \(signal KILL\)")

    def test_a_command_of_another_language_works_as_a_transform(self):
        self.numbers(200)
        self.write("double.py", "import sys\nfor line in sys.stdin:\n"
                                "    print(int(line) * 2, flush=True)\n")
        text = ("version: 1\nname: double\nchannels: {a: {type: string}, b: {type: string}}\n"
                "pools:\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: doubled}}, input: b}\n"
                "  double: {command: [python3, -u, double.py], input: a, output: b,\n"
                "           order: preserve, protocol: {mode: request_reply}}\n")
        done = self.troupe("run", self.write("double.yaml", text))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read("doubled").split(), [b"%d" % (2 * i) for i in range(200)])

    def test_what_only_a_worker_knows_stands_in_its_command_and_environment(self):
        self.numbers(1)
        os.mkdir(self.path("mid-0"))
        self.write("more.env", "FILE='${TROUPE_POOL}'\n")
        show = ("import os, sys; next(sys.stdin); print(*sys.argv[1:], os.environ['SLOT'],"
                " os.environ['KEPT'], os.environ['FILE'], os.environ['TROUPE_CONFIG'],"
                " os.path.basename(os.getcwd()))")
        for kind, mode in (("command", "request_reply"), ("command", "stream"),
                           ("shell", "request_reply")):
            words = [show, "${TROUPE_POOL}-${TROUPE_REPLICA}", "$${TROUPE_POOL}"]
            what = json.dumps(["python3", "-c", *words])
            if kind == "shell":  # Also where the shell would not replace it.
                what = json.dumps('exec python3 -c "' + show + "\" '" + "' '".join(words[1:]) + "'")
            text = ("version: 1\nname: refs\nchannels: {a: {type: string}, b: {type: string}}\n"
                    "pools:\n  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                    f"  mid: {{{kind}: {what}, input: a, output: b, protocol: {{mode: {mode}}},\n"
                    "        env: {SLOT: 'slot ${TROUPE_REPLICA}', KEPT: '$${TROUPE_REPLICA}'},\n"
                    "        env_file: more.env, working_dir: 'mid-${TROUPE_REPLICA}',\n"
                    "        config: {a: '$${TROUPE_POOL}'}}\n"
                    "  out: {builtin: {lines_to_file: {path: shown}}, input: b}\n")
            done = self.troupe("run", self.write("refs.yaml", text))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.read("shown").decode(),
                             "mid-0 ${TROUPE_POOL} slot 0 ${TROUPE_REPLICA} ${TROUPE_POOL} "
                             '{"a": "${TROUPE_POOL}"} mid-0\n', f"{kind}, {mode}")


if __name__ == "__main__":
    main()
