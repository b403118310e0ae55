#!/usr/bin/env python3
"""Goal: `troupe status` tells the truth about a running troupe, and its exit codes can be scripted.
Method: run the real command twice: the one that runs, the one that asks."""

import json
import os
import signal
import socket
import stat
import threading

from support import IDLE, CommandTest, main, service

UP = f"shell: 'echo up; {IDLE}'"


class Status(CommandTest):
    def test_all_ready_is_0_and_the_table_has_each_worker(self):
        self.start_ready("shop", self.write("a.yaml", service("shop", UP, "    replicas: 2\n")))
        shown = self.troupe("status", "shop")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertRegex(shown.stdout, r"shop \(pid \d+\): running")
        self.assertRegex(shown.stdout, r"api/0 +ready +\d+ ")
        self.assertRegex(shown.stdout, r"api/1 +ready +\d+ ")

    def test_target_may_be_a_file_a_name_or_nothing(self):
        run = self.start_ready("shop", self.write("a.yaml", service("shop", UP)))
        for target in (["shop"], ["a.yaml"], [self.path("a.yaml")], [],
                       ["--socket", self.path("state/troupe/shop/control.sock")]):
            with self.subTest(target=target):
                self.assertEqual(self.status(*target)["pid"], run.process.pid)

    def test_a_pool_or_worker_can_be_chosen(self):
        self.start_ready("shop", self.write("a.yaml", service("shop", UP, "    replicas: 3\n")))
        self.assertEqual(len(self.status("shop", "api")["pools"][0]["slots"]), 3)
        slots = self.status("shop", "api/1")["pools"][0]["slots"]
        self.assertEqual([slot["replica"] for slot in slots], [1])
        for unknown in ("web", "api/3", "api/x", "api/"):
            shown = self.troupe("status", "shop", unknown)
            self.assertEqual(shown.returncode, 4, unknown)
            self.assertIn(f"no pool or worker '{unknown}'", shown.stderr)

    def test_several_runs_must_be_told_apart(self):
        for name in ("one", "two"):
            self.start_ready(name, self.write(name + ".yaml", service(name, UP)))
        shown = self.troupe("status")
        self.assertEqual(shown.returncode, 64)
        self.assertIn("several troupes are running: one, two", shown.stderr)

    def test_something_that_is_not_ready_is_3(self):
        name = self.write("a.yaml", service(
            "shop", "shell: 'exit 1'", "    restart: {backoff: {initial: 1h, max: 1h}}\n"))
        run = self.start(name)
        run.wait_for_line("shop is running")  # Its socket is there.
        self.wait_for_slot("shop", "backoff")
        waited = self.troupe("status", "shop", "--wait", "ready", "--timeout", "300ms")
        self.assertEqual(waited.returncode, 75, waited.stderr)
        self.assertIn("not ready after 300ms", waited.stderr)
        shown = self.troupe("status", "shop", "--json")
        self.assertEqual(shown.returncode, 3)
        slot = json.loads(shown.stdout)["pools"][0]["slots"][0]
        self.assertEqual((slot["state"], slot["ready"], slot["pid"]), ("backoff", False, None))
        self.assertEqual(slot["exit"], {"code": 1, "signal": None, "reason": "exit"})
        run.signal(signal.SIGINT)
        self.assertEqual(run.end()[0], 0)  # A pause of an hour does not hold up the stop.

    def test_what_does_not_run_is_69_and_what_never_ran_is_4(self):
        run = self.start_ready("shop", self.write("a.yaml", service("shop", UP)))
        run.signal(signal.SIGINT)
        run.end()
        shown = self.troupe("status", "shop")
        self.assertEqual(shown.returncode, 69)
        self.assertIn("it is not running", shown.stderr)
        self.assertEqual(self.troupe("status", "a.yaml").returncode, 69)
        self.assertEqual(self.troupe("status").returncode, 69)
        shown = self.troupe("status", "shopp")
        self.assertEqual(shown.returncode, 4)
        self.assertIn("did you mean 'shop'?", shown.stderr)

    def test_a_broken_file_is_78(self):
        self.assertEqual(self.troupe("status", self.write("a.yaml", "version: 2\n")).returncode, 78)

    def test_wait_stopped(self):
        run = self.start_ready("shop", self.write("a.yaml", service("shop", UP)))
        waited = self.troupe("status", "shop", "--wait", "stopped", "--timeout", "100ms")
        self.assertEqual(waited.returncode, 75)
        run.signal(signal.SIGINT)
        self.assertEqual(self.troupe("status", "shop", "--wait", "stopped").returncode, 0)

    def test_wait_ready_for_what_never_comes_is_75(self):
        waited = self.troupe("status", "nobody", "--wait", "ready", "--timeout", "100ms")
        self.assertEqual(waited.returncode, 75, waited.stderr)


class Reason(CommandTest):
    """`exit.reason` says why the last worker of a place ended."""

    def start_stage(self, command, more, *arguments):
        """A pipeline whose stage `mid` says "up" for each of its workers."""
        self.write("numbers", "".join(f"{i}\n" for i in range(5000)))
        os.mkfifo(self.path("go"))  # Nobody opens it for writing: reading it waits.
        text = ("version: 1\nname: shop\nchannels: {a: {type: string}, b: {type: string}}\npools:\n"
                f"  mid: {{shell: 'echo up >&2; {command}', input: a, output: b, max_in_flight: 1,\n"
                f"        protocol: {{mode: request_reply}}, {more}}}\n"
                "  in: {builtin: {lines_from_file: {path: numbers}}, output: a}\n"
                "  out: {builtin: {lines_to_file: {path: copy}}, input: b}\n")
        run = self.start(self.write("a.yaml", text), *arguments)
        run.wait_for_line(r"mid/0 \| up$")
        run.wait_for_line(r"mid/0 \| up$")  # So the first one has ended.
        return run

    def reason_of_mid(self):
        pools = {pool["name"]: pool for pool in self.status("shop")["pools"]}
        return pools["mid"]["slots"][0]["exit"]["reason"]

    def test_a_message_that_took_too_long(self):
        self.start_stage("read x < go", "message_timeout: 20ms, "
                         "retry: {max_attempts: 1000000, backoff: {initial: 1ms}}, "
                         "restart: {intensity: unlimited, backoff: {initial: 1ms, max: 1ms}}")
        self.assertEqual(self.reason_of_mid(), "message_timeout")
        self.assertIn("signal KILL (message_timeout)", self.troupe("status", "shop").stdout)

    def test_chaos(self):
        self.start_stage("read x < go", "replicas: 1", "--chaos", "10ms")
        self.assertEqual(self.reason_of_mid(), "chaos")

    def test_a_worker_that_was_recycled(self):
        # The last message stands until the run is killed; many workers were recycled before.
        self.start_stage("while read -r x; do [ $x = 4999 ] && read y < go; echo $x; done",
                         "recycle: {max_messages: 1}")
        self.assertEqual(self.reason_of_mid(), "max_messages")

    def test_a_command_that_cannot_be_started(self):
        os.chmod(self.path(self.write("broken", "no program of this machine\n")), 0o755)
        done = self.troupe("run", self.write("a.yaml", service("shop", "command: [./broken]")),
                           "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(json.loads(done.stdout)["pools"][0]["slots"][0]["exit"],
                         {"code": None, "signal": None, "reason": "start_failed"})


class Socket(CommandTest):
    PATH = "state/troupe/shop/control.sock"

    def setUp(self):
        super().setUp()
        self.write("a.yaml", service("shop", UP))

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        here = os.getcwd()
        os.chdir(self.folder)  # A socket's path may be at most 107 bytes long.
        self.addCleanup(os.chdir, here)
        client.connect(self.PATH)
        return client

    def ask(self, line, client=None):
        client = client or self.connect()
        client.sendall(line)
        reply = b""
        while not reply.endswith(b"\n"):
            piece = client.recv(65536)
            if not piece:
                break
            reply += piece
        return reply

    def test_only_the_owner_may_use_it_and_it_is_removed(self):
        run = self.start_ready("shop", "a.yaml")
        self.assertEqual(stat.S_IMODE(os.stat(self.path(self.PATH)).st_mode), 0o600)
        folder = os.path.dirname(self.path(self.PATH))
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        run.signal(signal.SIGINT)
        run.end()
        self.assertEqual(os.listdir(folder), [])

    def test_a_second_run_is_refused_with_the_pid_of_the_first(self):
        run = self.start_ready("shop", "a.yaml")
        second = self.troupe("run", "a.yaml", "--json")
        self.assertEqual(second.returncode, 69, second.stderr)
        refused = json.loads(second.stdout)
        self.assertEqual((refused["result"], refused["exit_code"]), ("refused", 69))
        self.assertIn("already runs", refused["cause"]["message"])
        self.assertIn(f"process {run.process.pid} already runs", second.stderr)
        self.assertEqual(self.status("shop")["pid"], run.process.pid)
        other = self.start("a.yaml", "--socket", "other.sock")
        other.wait_for_line(r"\| up$")
        waited = self.troupe("status", "--socket", "other.sock", "--wait", "ready")
        self.assertEqual(waited.returncode, 0)
        other.signal(signal.SIGINT)
        self.assertEqual(other.end()[0], 0)

    def test_it_answers_nonsense_and_goes_on(self):
        self.start_ready("shop", "a.yaml")
        client = self.connect()
        for line in (b"\n", b"nonsense\n", b"[1]\n", b'{"verb":1}\n', b'{"verb":"dance"}\n'):
            self.assertFalse(json.loads(self.ask(line, client))["ok"], line)
        self.assertTrue(json.loads(self.ask(b'{"verb":"status"}\n', client))["ok"])
        refused = json.loads(self.ask(b"x" * 70000))
        self.assertIn("longer than", refused["error"])

    def test_what_is_no_troupe_is_told_and_cannot_move_the_cursor(self):
        escape = json.dumps({"ok": True, "result": {"name": "\x1b[2J", "pools": [
            {"name": "a\x07", "replicas": 1, "slots": [{"state": "\x1b[31m"}]}]}})
        here = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, here)
        for reply, code, expected in ((b"garbage\n", 69, "is no troupe, or one of another version"),
                                      (b'{"ok":true,"result":[1]}\n', 69, "is no troupe"),
                                      (b"", 69, "it is not running"),
                                      (escape.encode() + b"\n", 3, "")):
            with self.subTest(reply=reply), socket.socket(socket.AF_UNIX) as server:
                server.bind("other.sock")
                server.listen()
                serving = threading.Thread(target=self.serve_once, args=(server, reply))
                serving.start()
                shown = self.troupe("status", "--socket", "other.sock")
                serving.join()
                os.unlink("other.sock")
                self.assertEqual(shown.returncode, code, shown.stderr)
                self.assertIn(expected, shown.stderr)
                self.assertFalse(set("\x1b\x07") & set(shown.stdout + shown.stderr))

    @staticmethod
    def serve_once(server, reply):
        client, _ = server.accept()
        with client:
            client.recv(4096)
            client.sendall(reply)

    def test_many_silent_clients_do_not_disturb_the_run(self):
        run = self.start_ready("shop", "a.yaml")
        clients = [self.connect() for _ in range(40)]
        for client in clients:
            try:
                client.sendall(b"{")
            except OSError:
                pass  # One too many: let go already.
        run.signal(signal.SIGINT)
        self.assertEqual(run.end()[0], 0)

    def test_a_file_in_its_place_is_not_removed(self):
        self.write(self.PATH, "precious")
        run = self.start("a.yaml")
        run.wait_for_lines("goes on without a control socket", r"\| up$")
        self.assertEqual(self.read(self.PATH), b"precious")
        asked = self.troupe("run", "a.yaml", "--socket", self.PATH)
        self.assertEqual(asked.returncode, 69)
        self.assertIn("there is something else", asked.stderr)

    def test_without_a_folder_the_run_goes_on(self):
        for name in ("HOME", "XDG_STATE_HOME"):
            self.env.pop(name, None)
        run = self.start("a.yaml")
        run.wait_for_lines("goes on without a control socket.*XDG_STATE_HOME", r"\| up$")

    def test_no_socket_means_none(self):
        run = self.start("a.yaml", "--no-socket")
        run.wait_for_line(r"\| up$")
        self.assertFalse(os.path.exists(self.path("state")))


if __name__ == "__main__":
    main()
