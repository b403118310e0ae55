#!/usr/bin/env python3
"""Goal: services are supervised, stopped in order, and never left behind.
Method: run the real command, kill its children and itself, and look at what is there."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time

from support import IDLE, PATIENCE_S, CommandTest, Gone, main, service


class Restart(CommandTest):
    KNOWN_SIGNALS = (1 << 31) - 1  # 32 and 33 belong to the C library.

    def test_a_killed_service_gets_a_new_process_in_the_same_place(self):
        name = self.write("a.yaml", service("shop", f"shell: 'echo up $TROUPE_REPLICA; {IDLE}'",
                                            "    replicas: 2\n"))
        run = self.start(name)
        run.wait_for_line(r"^api/1 \| up 1$")
        self.assertEqual(self.troupe("status", "shop", "--wait", "ready").returncode, 0)
        before = self.slot("shop", 1)
        other = self.slot("shop", 0)
        os.kill(before["pid"], signal.SIGKILL)
        run.wait_for_line(rf"worker api/1 \(pid {before['pid']}\) died of signal KILL; restart 1 in "
                          r"\d+ms \(1 of 6 that restart\.intensity allows in 30s\)$")
        run.wait_for_line(r"^api/1 \| up 1$")
        self.assertEqual(self.troupe("status", "shop", "--wait", "ready").returncode, 0)
        after = self.slot("shop", 1)
        self.assertNotEqual(after["pid"], before["pid"])
        self.assertEqual((after["replica"], after["restarts"], after["generation"]), (1, 1, 1))
        self.assertEqual(after["exit"], {"code": None, "signal": "KILL", "reason": "signal"})
        self.assertEqual(self.slot("shop", 0)["pid"], other["pid"])

    def test_an_old_service_is_replaced_and_that_is_no_failure(self):
        name = self.write("a.yaml", service("aging", f"shell: 'echo up; {IDLE}'",
                                            "    recycle: {max_age: 100ms}\n    restart: {intensity: 0}\n"))
        run = self.start(name)
        for _ in range(3):
            run.wait_for_line(r"\| up$")
        self.assertEqual(self.slot("aging")["exit"]["reason"], "max_age")
        run.signal(signal.SIGTERM)
        self.assertEqual(run.end()[0], 0)

    def test_the_budget_ends_the_run_with_its_cause(self):
        name = self.write("a.yaml", service(
            "crash", "shell: 'exit 3'",
            "    restart: {intensity: 2, period: 1h, backoff: {initial: 1ms, max: 1ms}}\n"))
        code, text = self.start(name).end()
        self.assertEqual(code, 1, text)
        self.assertRegex(text, r"crash failed: pool 'api' gave up: .*exit code 3.*"
                               r"reached_max_restart_intensity.*raise restart\.intensity")

    def test_a_task_that_is_done_ends_the_run(self):
        name = self.write("a.yaml", service("once", "shell: 'echo done'", "    restart: transient\n"))
        code, text = self.start(name).end()
        self.assertEqual(code, 0, text)
        self.assertIn("api/0 | done", text)

    def test_a_task_that_failed_for_good_fails_the_run(self):
        name = self.write("a.yaml", service("once", "shell: 'exit 3'", "    restart: temporary\n"))
        code, text = self.start(name).end()
        self.assertEqual(code, 1, text)
        self.assertIn("once failed:", text)

    def test_workers_see_who_they_are_and_default_signals(self):
        name = self.write("a.yaml", service(
            "env", "shell: 'echo $TROUPE_NAME $TROUPE_POOL $TROUPE_REPLICA/$TROUPE_REPLICAS "
                   "$TROUPE_GENERATION; grep -E \"^Sig(Blk|Ign)\" /proc/self/status'",
            "    restart: transient\n"))
        code, text = self.start(name).end()
        self.assertEqual(code, 0, text)
        self.assertIn("api/0 | env api 0/1 0", text)
        for line in ("SigBlk", "SigIgn"):
            found = re.search(rf"api/0 \| {line}:\s+([0-9a-f]+)\n", text)
            self.assertEqual(int(found[1], 16) & self.KNOWN_SIGNALS, 0, found[0])


class Stop(CommandTest):
    def test_the_first_signal_stops_in_order_and_exits_0(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                name = self.write("a.yaml", service(
                    "calm", "shell: 'trap \"echo bye; exit 0\" TERM; echo up; while :; do read x; "
                            "done < pipe'"))
                if not os.path.exists(self.path("pipe")):
                    os.mkfifo(self.path("pipe"))
                writer = os.open(self.path("pipe"), os.O_RDWR)
                self.addCleanup(os.close, writer)
                run = self.start(name)
                run.wait_for_line(r"\| up$")
                run.signal(number)
                code, text = run.end()
                self.assertEqual(code, 0, text)
                self.assertIn("api/0 | bye", text)
                self.assertIn("calm: stopped after", text)

    def test_where_ctrl_c_is_ignored_the_run_says_what_stops_it(self):
        name = self.write("a.yaml", service("deaf", f"shell: 'echo up; {IDLE}'"))
        for former, told in ((signal.SIG_IGN, "INT is ignored, .*; TERM stops it"),
                             (signal.SIG_DFL, "Ctrl-C stops it")):
            run = self.start(name, preexec_fn=lambda way=former: signal.signal(signal.SIGINT, way))
            run.wait_for_lines(f"deaf is running; {told}$", r"\| up$")
            if former == signal.SIG_IGN:
                run.signal(signal.SIGINT)
            run.signal(signal.SIGTERM)
            code, text = run.end()
            self.assertEqual(code, 0, text)

    def test_the_second_signal_kills_and_exits_130(self):
        name = self.write("a.yaml", service(
            "stubborn", f"shell: 'trap \"\" TERM; echo up; tail -f /dev/null'",
            "    stop: {timeout: infinity}\n"))
        run = self.start_ready("stubborn", name)
        run.wait_for_line(r"\| up$")
        run.signal(signal.SIGINT)
        run.wait_for_line("stopping; once more kills")
        run.signal(signal.SIGINT)
        code, text = run.end()
        self.assertEqual(code, 130, text)
        self.assertEqual(run.family(), [])

    def test_one_wish_that_comes_as_several_signals_is_one(self):
        # As of `timeout`, of systemd with SendSIGHUP, and of a wrapper that passes INT on.
        for pair in ((signal.SIGTERM, signal.SIGHUP), (signal.SIGTERM, signal.SIGTERM),
                     (signal.SIGINT, signal.SIGTERM), (signal.SIGHUP, signal.SIGINT)):
            with self.subTest(pair=pair):
                name = self.write("a.yaml", service(
                    "calm", "shell: 'trap \"echo bye; exit 0\" TERM; echo up; "
                            "tail -f /dev/null & wait'"))
                run = self.start(name)
                run.wait_for_line(r"\| up$")
                for number in pair:
                    run.signal(number)
                code, text = run.end()
                self.assertEqual(code, 0, text)
                self.assertIn("api/0 | bye", text)
                self.assertIn("troupe: stopping", text)

    def test_a_signal_to_the_process_and_then_to_its_group_stops_in_order(self):
        # As `timeout` does it; what was given is whole.
        text = ("version: 1\nname: pipe\nchannels: {a: {type: string}}\npools:\n"
                "  in: {shell: 'seq 100000; echo all >&2; exec tail -f /dev/null', output: a}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: a}\n")
        run = self.start(self.write("pipe.yaml", text), start_new_session=True)
        run.wait_for_line(r"\| all$")
        os.kill(run.process.pid, signal.SIGTERM)
        os.killpg(run.process.pid, signal.SIGTERM)
        code, text = run.end()
        self.assertEqual(code, 0, text)
        self.assertIn("pipe: stopped after", text)
        written = self.read("copy")
        self.assertTrue(b"".join(b"%d\n" % i for i in range(1, 100001)).startswith(written))
        self.assertTrue(written.endswith(b"\n"))

    def test_a_second_key_kills_at_once(self):
        mine, theirs = pty.openpty()
        self.addCleanup(os.close, mine)
        name = self.write("a.yaml", service(
            "stubborn", "shell: 'trap \"echo asked\" TERM; echo up; while :; do "
                        "tail -f /dev/null & wait; done'", "    stop: {timeout: infinity}\n"))

        def take_terminal():
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        run = self.start(name, start_new_session=True, preexec_fn=take_terminal)
        os.close(theirs)
        run.wait_for_line(r"\| up$")
        os.write(mine, b"\x03")
        run.wait_for_line(r"\| asked$")
        os.write(mine, b"\x03")
        code, text = run.end()
        self.assertEqual(code, 130, text)

    def test_a_worker_that_ignores_term_is_killed_after_its_timeout(self):
        name = self.write("a.yaml", service(
            "deaf", "shell: 'trap \"\" TERM; echo up; tail -f /dev/null'",
            "    stop: {timeout: 50ms}\n"))
        run = self.start(name)
        run.wait_for_line(r"\| up$")
        run.signal(signal.SIGTERM)
        self.assertEqual(run.end()[0], 0)

    # Its leader dies of the signal; what it has started is asked, and goes on until the gate opens.
    SAVER = "trap 'echo asked; read x < gate; echo saved > saved.txt; exit 0' TERM\necho up\n" \
            "while :; do read x < pipe; done\n"

    def start_saver(self, name, stop):
        self.write("saver.sh", self.SAVER)
        for fifo in ("gate", "pipe"):
            os.mkfifo(self.path(fifo))
        held = os.open(self.path("pipe"), os.O_RDWR)
        self.addCleanup(os.close, held)
        run = self.start(self.write("a.yaml", service(name, "shell: 'sh saver.sh; echo after'",
                                                      f"    stop: {stop}\n")))
        run.wait_for_line(r"\| up$")
        leader = Gone([self.slot(name)["pid"]])
        run.signal(signal.SIGTERM)
        run.wait_for_line(r"\| asked$")
        self.assertEqual(leader.wait(), [])
        return run

    def test_the_timeout_belongs_to_the_whole_group(self):
        run = self.start_saver("group", "{timeout: infinity}")
        gate = os.open(self.path("gate"), os.O_RDWR)
        self.addCleanup(os.close, gate)
        os.write(gate, b"go\n")
        code, text = run.end()
        self.assertEqual(code, 0, text)
        self.assertEqual(self.read("saved.txt"), b"saved\n", text)

    def test_what_is_left_of_a_group_is_killed_after_the_timeout(self):
        run = self.start_saver("late", "{timeout: 300ms}")
        gone = Gone(run.family())
        code, text = run.end()
        self.assertEqual(code, 0, text)
        self.assertEqual(gone.wait(), [])
        self.assertFalse(os.path.exists(self.path("saved.txt")))

    def stop_filter(self, script, end_of_input):
        text = ("version: 1\nname: filter\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: fifo}}, output: a}\n"
                "  pass: {shell: 'sh saver.sh', protocol: {mode: request_reply},\n"
                "         stop: {timeout: infinity, drain: 0s}, input: a, output: b}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n")
        self.write("saver.sh", script + self.SAVER)
        for fifo in ("gate", "pipe", "fifo"):
            os.mkfifo(self.path(fifo))
        gate, held = (os.open(self.path(fifo), os.O_RDWR) for fifo in ("gate", "pipe"))
        self.addCleanup(os.close, gate)
        self.addCleanup(os.close, held)
        run = self.start(self.write("a.yaml", text))
        with open(self.path("fifo"), "w", encoding="utf-8") as fifo:
            fifo.write("one\n")
            fifo.flush()
            run.wait_for_line(r"\| up$")
            if not end_of_input:
                run.signal(signal.SIGTERM)
                run.wait_for_line(r"\| asked$")
        if end_of_input:
            run.wait_for_line(r"\| asked$")
        os.write(gate, b"go\n")
        shown = run.end()[1]
        self.assertEqual(self.read("saved.txt"), b"saved\n", shown)
        return shown

    def test_a_command_of_a_pipeline_that_is_idle_has_its_time(self):
        self.stop_filter("exec 3>&1 1>&2; read -r x; echo $x >&3\n", end_of_input=True)

    def test_a_command_of_a_pipeline_that_is_busy_has_its_time(self):
        self.stop_filter("exec 1>&2; read -r x\n", end_of_input=False)

    def test_the_shutdown_limit_ends_a_stop_that_hangs(self):
        text = service("slow", "shell: 'trap \"\" TERM; echo up; tail -f /dev/null'",
                       "    stop: {timeout: infinity}\nshutdown: {timeout: 100ms}\n")
        run = self.start(self.write("a.yaml", text))
        run.wait_for_line(r"\| up$")
        run.signal(signal.SIGTERM)
        code, text = run.end()
        self.assertEqual(code, 1, text)
        self.assertIn("stopping took longer than shutdown.timeout (100ms)", text)

    def test_a_pipeline_with_a_service_stops_both(self):
        # What the source has given is worked off, so the copy is a prefix: at least the message
        # that was seen, and no half line.
        text = ("version: 1\nname: both\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
                f"  api: {{shell: 'echo up; {IDLE}'}}\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  pass: {shell: 'while read -r x; do echo seen $x >&2; echo $x; done',\n"
                "         protocol: {mode: request_reply}, order: preserve, input: a, output: b}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n")
        self.write("numbers", "".join(f"{i}\n" for i in range(1000)))
        run = self.start(self.write("a.yaml", text))
        run.wait_for_lines(r"api/0 \| up$", r"pass/0 \| seen 0$")
        gone = Gone(run.family())
        run.signal(signal.SIGINT)
        code, text = run.end()
        self.assertEqual(code, 0, text)
        copy = self.read("copy")
        self.assertTrue(self.read("numbers").startswith(copy), copy[-100:])
        self.assertTrue(copy.startswith(b"0\n") and copy.endswith(b"\n"), copy[-100:])
        self.assertEqual(gone.wait(), [])

    def test_a_source_passes_a_pipe_on_and_is_stopped_while_it_waits(self):
        text = ("version: 1\nname: tap\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
                "  in: {builtin: {lines_from_file: {path: fifo}}, output: a}\n"
                "  tell: {shell: 'while read -r x; do echo \"got $x\" >&2; echo $x; done',\n"
                "         protocol: {mode: request_reply}, input: a, output: b}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n")
        os.mkfifo(self.path("fifo"))
        run = self.start(self.write("a.yaml", text))
        with open(self.path("fifo"), "w", encoding="utf-8") as pipe:
            pipe.write("one\ntwo\nhal")
            pipe.flush()
            run.wait_for_line("got two")
            run.signal(signal.SIGTERM)
            code, shown = run.end()  # Although the pipe stays open.
        self.assertEqual(code, 0, shown)
        self.assertEqual(self.read("copy"), b"one\ntwo\n")

    def test_a_terminals_ctrl_c_does_not_reach_the_workers(self):
        name = self.write("a.yaml", service(
            "quiet", "shell: 'trap \"echo INT\" INT; trap \"echo TERM; exit\" TERM; echo up; "
                     "tail -f /dev/null & wait; wait'"))
        run = self.start(name, start_new_session=True)
        run.wait_for_line(r"\| up$")
        os.killpg(run.process.pid, signal.SIGINT)
        code, text = run.end()
        self.assertEqual(code, 0, text)
        self.assertIn("api/0 | TERM", text)
        self.assertNotIn("api/0 | INT", text)


class NothingLeft(CommandTest):
    GRANDCHILDREN = ("shell: 'tail -f /dev/null & setsid tail -f /dev/null & "
                     "trap \"\" TERM HUP; echo up; wait'")

    def start_family(self):
        name = self.write("a.yaml", service("family", self.GRANDCHILDREN, "    replicas: 2\n"))
        run = self.start_ready("family", name)
        run.wait_for_line(r"\| up$")
        run.wait_for_line(r"\| up$")
        return run

    def test_kill_9_of_the_run_takes_everything_along(self):
        run = self.start_family()
        family = run.family()
        self.assertGreaterEqual(len(family), 8, family)  # Run, zygote, 2 shells, 4 grandchildren.
        gone = Gone(family)
        run.process.kill()
        run.process.wait()
        self.assertEqual(gone.wait(), [])
        self.assertEqual(run.family(), [])

    def test_a_clean_stop_leaves_no_grandchild(self):
        run = self.start_family()
        gone = Gone(run.family())
        run.signal(signal.SIGINT)
        run.wait_for_line("stopping")
        run.signal(signal.SIGINT)
        self.assertEqual(run.end()[0], 130)
        self.assertEqual(gone.wait(), [])

    def test_the_socket_of_a_killed_run_is_taken_over(self):
        run = self.start_family()
        run.process.kill()
        run.process.wait()
        self.assertTrue(os.path.exists(self.path("state/troupe/family/control.sock")))
        self.assertEqual(self.troupe("status", "family").returncode, 69)
        again = self.start_ready("family", "a.yaml")
        again.signal(signal.SIGINT)
        again.wait_for_line("stopping")  # Two at once may be merged by the kernel.
        again.signal(signal.SIGINT)
        again.process.wait(timeout=PATIENCE_S)
        self.assertEqual(os.listdir(self.path("state/troupe/family")), [])


class FirstProcess(CommandTest):
    """As PID 1 of a container."""

    UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.UNSHARE = [self.UNSHARE[0], "--user", "--map-root-user", *self.UNSHARE[1:]]

    @staticmethod
    def children_of(pid):
        out = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children:
                out += [int(child) for child in children.read().split()]
        return sorted(out)

    def test_orphans_are_reaped_and_signals_heeded(self):
        tried = subprocess.run([*self.UNSHARE, "true"], capture_output=True, check=False)
        if tried.returncode != 0:
            print("not tried: this machine allows no PID namespace:", tried.stderr.decode().strip(),
                  file=sys.stderr)
            return
        name = self.write("a.yaml", service("first", f"shell: 'echo up; {IDLE}'"))
        command, self.command = self.command, self.path("contained")
        self.write("contained", f"#!/bin/sh\nexec {' '.join(self.UNSHARE)} {command} \"$@\"\n")
        os.chmod(self.command, 0o755)
        run = self.start(name)
        run.wait_for_line(r"\| up$")
        first, = self.children_of(run.process.pid)
        own = self.children_of(first)
        os.mkfifo(self.path("gate"))
        user = ["--user", "--preserve-credentials"] if os.geteuid() != 0 else []
        # As 'docker exec': what it leaves behind goes to the first process.
        subprocess.run(["nsenter", "--target", str(first), *user, "--pid", "--mount", "sh", "-c",
                        f"sh -c 'read x < {self.path('gate')}' &"], check=True)
        gate = os.open(self.path("gate"), os.O_RDWR)
        self.addCleanup(os.close, gate)
        self.assertEqual(len(self.children_of(first)), len(own) + 1)
        os.write(gate, b"go\n")
        end = time.monotonic() + PATIENCE_S
        while self.children_of(first) != own and time.monotonic() < end:
            os.sched_yield()
        self.assertEqual(self.children_of(first), own)
        os.kill(first, signal.SIGTERM)
        code, text = run.end()
        self.assertEqual(code, 0, text)
        self.assertIn("first: stopped after", text)


if __name__ == "__main__":
    main()
