#!/usr/bin/env python3
"""Goal: a pipeline in a shell's pipe is a filter like others: every line of stdin comes out once,
whatever is killed; nothing else is on stdout; nobody hangs when the other end goes.
Method: the real command between pipes, files, terminals and closed descriptors."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import termios
import threading

from support import PATIENCE_S, TROUPE, CommandTest, main

COPY = ("version: 1\nname: filter\n"
        "channels: {{a: {{type: string{channel}}}}}\npools:\n"
        "  in: {{builtin: {source}, output: a}}\n"
        "  out: {{builtin: {sink}, input: a}}\n")

# With workers of every kind in between: a transform, an aggregation, a command.
THROUGH = ("version: 1\nname: filter\n"
           "channels: {a: {type: string}, b: {type: string}, c: {type: string}}\npools:\n"
           "  in: {builtin: stdin, output: a}\n"
           "  one: {command: [sed, -u, 's/.*/<&>/'], protocol: {mode: request_reply},\n"
           "        max_in_flight: 64, replicas: 2, order: preserve, input: a, output: b}\n"
           "  two: {builtin: word_count, input: b, output: c}\n"
           "  out: {builtin: stdout, input: c}\n")


class Filter(CommandTest):
    def copy(self, source="stdin", sink="stdout", channel=""):
        return self.write("a.yaml", COPY.format(source=source, sink=sink, channel=channel))

    def feed(self, data, *arguments, **options):
        """Runs with `data` on stdin; returns exit code, stdout and stderr as bytes."""
        done = subprocess.run([TROUPE, "run", *arguments], input=data, cwd=self.folder, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=PATIENCE_S, **options)
        return done.returncode, done.stdout, done.stderr

    def test_stdout_has_the_messages_and_nothing_else(self):
        code, out, err = self.feed(b"1\n2\n3\n", self.copy())
        self.assertEqual((code, out), (0, b"1\n2\n3\n"), err)
        self.assertIn(b"filter: done after", err)

    def test_lines_of_all_kinds_come_out_as_they_went_in(self):
        every_byte = bytes(set(range(256)) - {10})
        for data in (b"", b"\n", b"\n\n\n", b"a", b"a\r\nb\r\n", every_byte + b"\n" + every_byte,
                     b"x" * 3_000_000 + b"\n\0\n", b"".join(b"%d\n" % n for n in range(100_000))):
            code, out, err = self.feed(data, self.copy(channel=", max_message_bytes: 8MiB"))
            expected = data if data.endswith(b"\n") or not data else data + b"\n"
            self.assertEqual(code, 0, err)
            self.assertTrue(out == expected, f"{len(out)} bytes of {len(expected)}: {out[:60]}")

    def test_a_line_that_is_too_long_for_the_channel_is_told_and_the_rest_comes(self):
        code, out, err = self.feed(b"a\n" + b"x" * 2_000_000 + b"\nb\n", self.copy())
        self.assertEqual((code, out), (65, b"a\nb\n"), err)
        self.assertIn(b"larger than max_message_bytes", err)
        self.assertLess(len(err), 20000)

    def test_a_slow_reader_gets_everything(self):
        reader, writer = os.pipe()
        run = subprocess.Popen([TROUPE, "run", self.copy(), "--quiet"], cwd=self.folder, env=self.env,
                               stdin=subprocess.PIPE, stdout=writer)
        os.close(writer)
        data = b"".join(b"line %d\n" % n for n in range(20_000))
        def write():  # More than every pipe and channel on the way holds at once.
            with run.stdin as to:
                to.write(data)
        feeder = threading.Thread(target=write)
        feeder.start()
        got = b""
        while piece := os.read(reader, 1000):
            got += piece
        os.close(reader)
        feeder.join()
        self.assertEqual(run.wait(timeout=PATIENCE_S), 0)
        self.assertTrue(got == data)

    def test_descriptors_that_do_not_block_are_no_trouble(self):
        inside, feed = os.pipe()
        result, outside = os.pipe()
        for descriptor in (inside, outside):
            os.set_blocking(descriptor, False)
        run = subprocess.Popen([TROUPE, "run", self.copy(), "--quiet"], cwd=self.folder, env=self.env,
                               stdin=inside, stdout=outside)
        os.close(inside)
        os.close(outside)
        data = b"".join(b"line %d\n" % n for n in range(5_000))
        with open(feed, "wb") as to:
            to.write(data)
        with open(result, "rb") as start:
            self.assertTrue(start.read() == data)
        self.assertEqual(run.wait(timeout=PATIENCE_S), 0)

    def test_chaos_loses_and_doubles_nothing_of_stdin(self):
        data = b"".join(b"%d\n" % n for n in range(20_000))
        code, out, err = self.feed(data, self.write("a.yaml", THROUGH), "--chaos", "10ms")
        self.assertEqual(code, 0, err)
        expected = sorted(b"1 <%d>" % n for n in range(20_000))
        self.assertTrue(sorted(out.splitlines()) == expected, out[:100])
        self.assertRegex(err, rb"[1-9]\d* workers killed")

    def test_order_is_that_of_the_input_under_chaos(self):
        text = THROUGH.replace("word_count", "{exec: {command: [sed, -u, p], mode: request_reply}}")
        text = text.replace("[sed, -u, p]", "[sed, -u, 's/x/x/']")
        data = b"".join(b"%d\n" % n for n in range(20_000))
        code, out, err = self.feed(data, self.write("a.yaml", text), "--chaos", "10ms")
        self.assertEqual(code, 0, err)
        self.assertTrue(out == b"".join(b"<%d>\n" % n for n in range(20_000)), out[:100])

    def test_a_reader_that_has_enough_ends_the_run(self):
        self.copy()
        shown = subprocess.run(
            ["bash", "-c", 'yes | "$0" run a.yaml --quiet | head -1; echo "${PIPESTATUS[1]}"',
             TROUPE], cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        self.assertEqual(shown.stdout, b"y\n1\n", shown.stderr)
        self.assertIn(b"cannot write to stdout: its reader has gone", shown.stderr)

    def test_a_failed_run_waits_for_no_message_in_hand(self):
        with open(os.path.join(self.folder, "a.yaml"), "w", encoding="utf-8") as file:
            file.write(
                "version: 1\nname: a\nchannels: { a: { type: string }, b: { type: string } }\n"
                "pools:\n  in: { builtin: stdin, output: a }\n"
                "  up: { shell: 'tr a-z A-Z', protocol: { mode: stream }, input: a, output: b,\n"
                "        stop: { drain: 1h } }\n  out: { builtin: stdout, input: b }\n")
        shown = subprocess.run(
            ["bash", "-c", 'yes | "$0" run a.yaml --quiet | head -1; echo "${PIPESTATUS[1]}"',
             TROUPE], cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        self.assertEqual(shown.stdout, b"Y\n1\n", shown.stderr)

    def test_it_ends_when_it_is_stopped_while_nothing_comes_or_nobody_reads(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for is_full in (False, True):
                inside, feed = os.pipe()
                reader, writer = os.pipe()
                name = self.copy(sink="stdout, stop: {drain: 100ms}")
                run = subprocess.Popen([TROUPE, "run", name], cwd=self.folder, env=self.env,
                                       stdin=inside, stdout=writer, stderr=subprocess.PIPE)
                os.close(inside)
                os.close(writer)
                os.write(feed, b"x\n")
                self.assertEqual(os.read(reader, 2), b"x\n")  # It is at work.
                if is_full:  # More than both pipes hold, so it has read what it cannot write.
                    self.assertEqual(os.write(feed, (b"y" * 1023 + b"\n") * 256), 1 << 18)
                run.send_signal(number)
                _, err = run.communicate(timeout=PATIENCE_S)
                os.close(feed)
                os.close(reader)
                # What was read and could not be written is lost, and told.
                self.assertEqual(run.returncode, 65 if is_full else 0, err)

    def test_descriptors_that_are_closed_full_or_folders_are_told(self):
        name = self.copy()
        for redirection, expected in (("<&-", "cannot read stdin: Bad file descriptor"),
                                      ("< .", "cannot read stdin: Is a directory"),
                                      ("< data >&-", "Bad file descriptor (it is closed); give it"),
                                      ("< data > /dev/full",
                                       "No space left on device; free some space")):
            self.write("data", "x\n")
            shown = subprocess.run(["sh", "-c", f'exec "$0" run {name} {redirection}', TROUPE],
                                   cwd=self.folder, env=self.env, stderr=subprocess.PIPE,
                                   timeout=PATIENCE_S, check=False, text=True)
            self.assertEqual(shown.returncode, 1, shown.stderr)
            self.assertIn(expected, shown.stderr)

    def test_what_stdin_cannot_give_may_be_skipped(self):
        name = self.write("a.yaml", COPY.format(source="stdin, on_error: skip", sink="stdout",
                                                channel=""))
        shown = subprocess.run(["sh", "-c", f'exec "$0" run {name} < .', TROUPE], cwd=self.folder,
                               env=self.env, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                               check=False, text=True)
        self.assertEqual(shown.returncode, 65, shown.stderr)
        self.assertIn("cannot read stdin: Is a directory", shown.stderr)

    def test_a_file_that_is_appended_to_keeps_what_it_had(self):
        for sink in ("stdout", "{lines_to_file: {path: /dev/stdout}}",
                     "{lines_to_file: {path: /dev/fd/1, append: false}}"):
            self.write("had", "before\n")
            with open(self.path("had"), "ab") as out:
                done = self.troupe("run", self.copy(sink=sink), input="x\n", stdout=out)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.read("had"), b"before\nx\n")

    def test_a_file_as_stdin_is_read_from_where_it_stands(self):
        self.write("data", "1\n2\n3\n")
        self.copy()
        with open(self.path("data"), "rb") as data:
            shown = subprocess.run(["sh", "-c", 'read -r x; "$0" run a.yaml --quiet', TROUPE],
                                   cwd=self.folder, env=self.env, stdin=data,
                                   stdout=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        self.assertEqual(shown.stdout, b"2\n3\n")

    def test_a_terminal_is_read_until_its_end(self):
        mine, theirs = pty.openpty()
        run = subprocess.Popen([TROUPE, "run", self.copy()], cwd=self.folder,
                               env=dict(self.env, TERM="xterm"), stdin=theirs, stdout=theirs,
                               stderr=theirs, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.addCleanup(os.close, mine)
        os.write(mine, b"hello\n")
        os.close(theirs)
        shown = b""
        while shown.count(b"hello") < 2:  # Its echo, and the message.
            self.assertTrue(select.select([mine], [], [], PATIENCE_S)[0], shown)
            shown += os.read(mine, 65536)
        os.write(mine, b"\x04")  # Ctrl-D.
        while b"done after" not in shown:
            self.assertTrue(select.select([mine], [], [], PATIENCE_S)[0], shown)
            shown += os.read(mine, 65536)
        self.assertNotIn(b"\x1b[K", shown)  # No line is drawn over the messages.
        self.assertEqual(run.wait(timeout=PATIENCE_S), 0)


class Names(CommandTest):
    """Every name of the run's own descriptors means the builtin, or is refused."""

    def check(self, source, sink, data="1\n2\n"):
        text = COPY.format(source=source, sink=sink, channel="")
        return self.troupe("run", self.write("a.yaml", text), input=data)

    def test_paths_that_name_them_mean_the_builtins(self):
        os.symlink("/dev/stdin", self.path("link-in"))
        os.symlink("/proc/self/fd/1", self.path("link-out"))
        for path in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "'-'", "/dev/../dev//stdin",
                     "/proc/thread-self/fd/0", self.path("link-in")):
            done = self.check(f"{{lines_from_file: {{path: {path}}}}}", "stdout")
            self.assertEqual((done.returncode, done.stdout), (0, "1\n2\n"), path + done.stderr)
        for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "'-'", self.path("link-out")):
            done = self.check("stdin", f"{{lines_to_file: {{path: {path}}}}}")
            self.assertEqual((done.returncode, done.stdout), (0, "1\n2\n"), path + done.stderr)

    def test_typed_paths_do_as_well(self):
        text = COPY.format(source='{lines_from_file: {path: "${from}"}}',
                           sink='{lines_to_file: {path: "${to}"}}', channel="")
        name = self.write("a.yaml", text)
        for given, taken in (("-", "-"), ("/dev/stdin", "/dev/stdout")):
            done = self.troupe("run", name, "--set", f"from={given}", "--set", f"to={taken}",
                               input="1\n")
            self.assertEqual((done.returncode, done.stdout), (0, "1\n"), done.stderr)

    def test_other_descriptors_and_other_uses_are_refused(self):
        os.symlink("/dev/stdin", self.path("link"))
        file = "{lines_to_file: {path: out}}"
        for source, sink in (("{lines_from_file: {path: /dev/fd/63}}", file),
                             ("{lines_from_file: {path: /dev/stdout}}", file),
                             ("{lines_from_file: {path: link}}", file),
                             ("{file_tree: {root: /dev/stdin}}", file),
                             ("stdin", "{lines_to_file: {path: /dev/stdin}}"),
                             ("stdin", "{lines_to_file: {path: /proc/self/fd/7}}")):
            done = self.check(source, sink)
            self.assertEqual(done.returncode, 78, (source, sink, done.stderr))
            self.assertIn("stdin and stdout", done.stderr)

    def test_a_file_with_the_name_of_a_dash_can_still_be_meant(self):
        self.write("-", "of the file\n")
        done = self.check("{lines_from_file: {path: ./-}}", "stdout")
        self.assertEqual((done.returncode, done.stdout), (0, "of the file\n"), done.stderr)

    def test_there_is_only_one_of_each(self):
        text = COPY.format(source="stdin", sink="stdout", channel="")
        for more in ("  more: {builtin: {lines_from_file: {path: /dev/stdin}}, output: a}\n",
                     "  more: {builtin: stdout, input: a}\n"):
            done = self.troupe("validate", self.write("a.yaml", text + more))
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn("and there is only one", done.stderr)
            done = self.troupe("validate", self.write("a.yaml", text + more.replace(
                "}\n", ", enabled: false}\n")))
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_keys_about_a_process_are_refused(self):
        for key in ("restart: never", "limits: {nofile: 64}", "env: {A: b}", "working_dir: .",
                    "message_timeout: 5s", "recycle: {max_age: 1h}", "log: {stderr: null}",
                    "start: {timeout: 5s}", "stop: {signal: INT}"):
            text = COPY.format(source="stdin", sink=f"stdout, {key}", channel="")
            done = self.troupe("validate", self.write("a.yaml", text))
            self.assertEqual(done.returncode, 78, key)
            self.assertIn("no process of its own", done.stderr)
        text = COPY.format(source="stdin", sink="stdout, stop: {drain: 3s}", channel="")
        self.assertEqual(self.troupe("validate", self.write("a.yaml", text)).returncode, 0)

    def test_what_is_printed_is_what_runs(self):
        text = COPY.format(source="{lines_from_file: {path: '-'}}",
                           sink="{lines_to_file: {path: /dev/stdout, line_feeds: escape}}", channel="")
        printed = self.troupe("validate", self.write("a.yaml", text), "--print").stdout
        self.assertIn("builtin: {stdin: {}}", printed)
        self.assertIn("builtin: {stdout: {line_feeds: \"escape\"}}", printed)
        done = self.troupe("run", self.write("b.yaml", printed), input="1\n")
        self.assertEqual((done.returncode, done.stdout), (0, "1\n"), done.stderr)

    def test_one_stream_has_one_user(self):
        name = self.write("a.yaml", COPY.format(source="stdin", sink="stdout", channel=""))
        for path in ("-", "/dev/stdin"):
            with open(self.path(name), "rb") as file:
                done = self.troupe("run", path, stdin=file)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn("pool 'in'", done.stderr)
        done = self.troupe("run", name, "--json")
        self.assertEqual(done.returncode, 64)
        self.assertEqual(json.loads(done.stdout)["exit_code"], 64)
        self.assertIn("pool 'out'", done.stderr)


if __name__ == "__main__":
    main()
