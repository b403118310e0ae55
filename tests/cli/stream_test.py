#!/usr/bin/env python3
"""Goal: nobody who reads, or does not read, stdout or stderr can hang, kill or fool a run.
Method: run the real command with closed, full and broken streams, and on a terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from support import IDLE, PATIENCE_S, SAMPLES, TROUPE, CommandTest, main, service

SAMPLE = os.path.join(SAMPLES, "words.yaml")


class Stdout(CommandTest):
    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            for arguments in (["validate", SAMPLE, "--print"], ["--help"], ["--version"]):
                shown = self.troupe(*arguments, stdout=full)
                self.assertEqual(shown.returncode, 1)
                self.assertEqual(shown.stderr,
                                 "troupe: cannot write to stdout: No space left on device; "
                                 "free some space and run again\n")

    def test_a_closed_one_is_told_and_not_replaced_by_another_file(self):
        for redirection, expected in ((">&-", "Bad file descriptor (it is closed)"),
                                      (">&- <&-", "Bad file descriptor (it is closed)")):
            shown = subprocess.run(
                ["sh", "-c", f'exec "$0" validate "$1" --print {redirection}', TROUPE, SAMPLE],
                env=self.env, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False, text=True)
            self.assertEqual(shown.returncode, 1, shown.stderr)
            self.assertIn(expected, shown.stderr)

    def test_a_reader_that_has_gone_does_not_kill(self):
        reader, writer = os.pipe()
        os.close(reader)
        shown = self.troupe("validate", SAMPLE, "--print", stdout=writer)
        os.close(writer)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("its reader has gone", shown.stderr)

    def test_a_run_whose_result_cannot_be_written_fails(self):
        text = service("once", "shell: 'echo done'", "    restart: transient\n")
        with open("/dev/full", "wb") as full:
            shown = self.troupe("run", self.write("a.yaml", text), "--json", stdout=full)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("cannot write to stdout: No space left on device", shown.stderr)

    def test_a_sink_can_write_to_stdout(self):
        self.write("numbers", "1\n2\n3\n")
        text = ("version: 1\nname: pair\nchannels: {a: {type: string}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: /dev/stdout}}, input: a,\n"
                "        log: {stdout: inherit}}\n")
        name = self.write("a.yaml", text)
        self.assertEqual(self.troupe("run", name).stdout, "1\n2\n3\n")
        both = self.troupe("run", name, "--json")
        self.assertEqual(both.returncode, 64)
        self.assertIn("pool 'out'", both.stderr)


class Stdin(CommandTest):
    def test_one_that_cannot_be_read_is_told(self):
        os.mkdir(self.path("folder"))
        for redirection, expected in (("< folder", "Is a directory"),
                                      ("<&-", "Bad file descriptor")):
            for verb in ("validate", "run"):
                shown = subprocess.run(["sh", "-c", f'exec "$0" {verb} - {redirection}', TROUPE],
                                       cwd=self.folder, env=self.env, stderr=subprocess.PIPE,
                                       timeout=PATIENCE_S, check=False, text=True)
                self.assertEqual(shown.returncode, 78, shown.stderr)
                self.assertIn(f"<stdin>: error[T013]: cannot be read: {expected}; give the file by "
                              "its name", shown.stderr)

    def test_a_file_that_comes_on_stdin_is_named_and_lies_where_the_command_was_given(self):
        good = ("version: 1\nchannels: {a: {type: string}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: a}\n")
        self.write("numbers", "1\n2\n")
        for name in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
            for verb in ("validate", "run"):
                with self.subTest(name=name, verb=verb):
                    shown = self.troupe(verb, name, input=good.replace("builtin", "bultin"))
                    self.assertEqual(shown.returncode, 78)
                    self.assertIn("<stdin>:4:8: error[T003]: pools.in.bultin: unknown key; did you "
                                  "mean 'builtin'?\n    4 |   in:", shown.stderr)
                    shown = self.troupe(verb, name, input=good)
                    self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertEqual(self.read("copy"), b"1\n2\n")
            os.remove(self.path("copy"))

    def test_what_a_shell_puts_in_place_of_a_file_lies_where_the_command_was_given(self):
        self.write("numbers", "1\n2\n")
        text = ("version: 1\nchannels: {a: {type: string}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: a}\n")
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        shown = subprocess.run([TROUPE, "run", f"/dev/fd/{reader}"], cwd=self.folder, env=self.env,
                               pass_fds=[reader], stderr=subprocess.PIPE, timeout=PATIENCE_S,
                               check=False, text=True)
        os.close(reader)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(self.read("copy"), b"1\n2\n")


class Stderr(CommandTest):
    def test_nobody_reads_it_and_the_run_still_ends(self):
        reader, writer = os.pipe()
        os.close(reader)
        text = service("once", "shell: 'echo done; echo done >&2'", "    restart: transient\n")
        shown = self.troupe("run", self.write("a.yaml", text), stderr=writer)
        os.close(writer)
        self.assertEqual(shown.returncode, 0)

    def test_a_reader_that_stalls_does_not_stall_the_supervision(self):
        # Far more than a pipe holds; nobody reads until all is over.
        text = service("flood", "shell: 'read x < go; yes | head -c 3000000; echo x > done'",
                       "    restart: transient\n")
        os.mkfifo(self.path("go"))
        reader, writer = os.pipe()
        process = subprocess.Popen([TROUPE, "run", self.write("a.yaml", text)], cwd=self.folder,
                                   env=self.env, stderr=writer, stdin=subprocess.DEVNULL)
        os.close(writer)
        self.assertEqual(self.troupe("status", "flood", "--wait", "ready").returncode, 0)
        with open(self.path("go"), "w", encoding="utf-8") as go:
            go.write("\n")
        self.assertEqual(self.troupe("status", "flood", "--wait", "stopped").returncode, 0)
        written = 0
        while piece := os.read(reader, 1 << 20):
            written += len(piece)
        os.close(reader)
        self.assertEqual(process.wait(timeout=PATIENCE_S), 0)
        self.assertTrue(os.path.exists(self.path("done")))
        self.assertGreater(written, 65536)

    def test_lines_have_the_workers_name_in_front(self):
        text = service("once", "shell: 'echo out; echo err >&2; printf unfinished'",
                       "    restart: transient\n")
        shown = self.troupe("run", self.write("a.yaml", text), "--quiet")
        self.assertEqual(sorted(shown.stderr.splitlines()),
                         ["api/0 | err", "api/0 | out", "api/0 | unfinished"])


class Terminal(CommandTest):
    def start_on_terminal(self, *arguments, columns=80, **env):
        self.env["TERM"] = "xterm"
        self.env.update(env)
        mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([TROUPE, *arguments], cwd=self.folder, env=self.env,
                                   stdin=theirs, stdout=theirs, stderr=theirs,
                                   start_new_session=True,
                                   # Its keys become signals for this process only then.
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.addCleanup(os.close, mine)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, mine

    def read_until(self, terminal, pattern):
        text = b""
        while not re.search(pattern, text):
            self.assertTrue(select.select([terminal], [], [], PATIENCE_S)[0], text)
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # The other end was closed.
                break
            text += piece
        self.assertRegex(text, pattern)
        return text

    def test_progress_stays_below_the_lines_of_workers(self):
        text = service("shop", f"shell: 'read x < go; echo \"a\\rb\\033[2Jc\\033[31mred\"; {IDLE}'")
        os.mkfifo(self.path("go"))
        process, terminal = self.start_on_terminal("run", self.write("a.yaml", text))
        self.read_until(terminal, rb"shop: api 1/1 ready")
        with open(self.path("go"), "w", encoding="utf-8") as go:
            go.write("\n")
        shown = self.read_until(terminal, rb"(?s)red.*ready")
        # What would move the cursor is shown as text; colours are kept, and ended.
        self.assertIn(b"a\\x0db\\x1b[2Jc\x1b[31mred\x1b[0m\r\n", shown)
        self.assertRegex(shown, rb"\r\x1b\[K\x1b\[36mapi/0 \|")
        os.write(terminal, b"\x03")  # Ctrl-C, as the terminal makes it.
        self.read_until(terminal, rb"shop: stopped after")
        self.assertEqual(process.wait(timeout=PATIENCE_S), 0)

    def test_a_narrow_terminal_gets_no_line_that_would_wrap(self):
        text = service("once", "shell: 'read x < go'", "    restart: transient\n")
        os.mkfifo(self.path("go"))
        name = self.write("a.yaml", text)
        for columns in (1, 2, 10, 24):
            with self.subTest(columns=columns):
                process, terminal = self.start_on_terminal("run", name, columns=columns)
                self.assertEqual(self.troupe("status", "once", "--wait", "ready").returncode, 0)
                with open(self.path("go"), "w", encoding="utf-8") as go:
                    go.write("\n")
                shown = self.read_until(terminal, rb"once: done after[^\n]*\n").decode()
                drawn = re.findall(r"(?:\A|\n|\x1b\[K)(once[^\r\n]*)(?=\r\x1b\[K)", shown)
                self.assertTrue(all(len(line) < columns for line in drawn), drawn)
                self.assertEqual(process.wait(timeout=PATIENCE_S), 0)

    def test_colours_for_errors_unless_refused(self):
        name = self.write("bad.yaml", "version: 2\n")
        process, terminal = self.start_on_terminal("validate", name)
        self.assertIn(b"\x1b[", self.read_until(terminal, rb"T005[^\n]*\n"))
        self.assertEqual(process.wait(timeout=PATIENCE_S), 78)
        process, terminal = self.start_on_terminal("validate", name, NO_COLOR="1")
        self.assertNotIn(b"\x1b[", self.read_until(terminal, rb"T005[^\n]*\n"))


if __name__ == "__main__":
    main()
