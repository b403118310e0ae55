"""What the end-to-end tests of the command share: a folder of its own for each test, running
troupes, and waiting for what happens instead of for time."""

import ctypes
import json
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

TROUPE = os.environ["TROUPE"]
SAMPLES = os.environ["TROUPE_SAMPLES"]
# Only for what never comes: a test that passes never waits this long.
PATIENCE_S = 60
# A process that does nothing until it is told to end.
IDLE = "exec tail -f /dev/null"


def without_privileges():
    """For preexec_fn: rights of files count for root, too, from the next exec on."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (dac_override, dac_read_search):
        if os.geteuid() == 0 and libc.prctl(drop_from_bounding_set, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "cannot drop a capability")


def parse_or_none(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


class Gone:
    """Waits for the ends of processes that are not our children."""

    def __init__(self, pids):
        self.handles = {}
        for pid in pids:
            try:
                self.handles[pid] = os.pidfd_open(pid)
            except ProcessLookupError:
                pass

    def wait(self, limit_s=PATIENCE_S):
        """Returns the pids that are still there after `limit_s`."""
        poller = select.poll()
        for handle in self.handles.values():
            poller.register(handle, select.POLLIN)
        left = {handle: pid for pid, handle in self.handles.items()}
        end = time.monotonic() + limit_s
        while left and time.monotonic() < end:
            for handle, _ in poller.poll(max(0, end - time.monotonic()) * 1000):
                poller.unregister(handle)
                left.pop(handle)
        for handle in self.handles.values():
            os.close(handle)
        return sorted(left.values())


class Run:
    """A `troupe run` that goes on while the test looks at it."""

    def __init__(self, case, arguments, **options):
        self.case = case
        self.mark = uuid.uuid4().hex
        env = dict(case.env, TROUPE_TEST_MARK=self.mark)
        options.setdefault("stdout", subprocess.PIPE)
        self.process = subprocess.Popen(
            [case.command, "run", *arguments], cwd=case.folder, env=env, stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, **options)
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.put(line.decode("utf-8", "replace").rstrip("\n"))
        self.lines.put(None)

    def wait_for_line(self, pattern):
        """Waits for a line on stderr that matches, and returns the match."""
        while True:
            line = self.lines.get(timeout=PATIENCE_S)
            if line is None:
                self.case.fail(f"no line matches {pattern!r} in:\n" + "\n".join(self.seen))
            self.seen.append(line)
            found = re.search(pattern, line)
            if found:
                return found

    def wait_for_lines(self, *patterns):
        """Waits for lines of several writers, which may come in any order."""
        missing = list(patterns)
        while missing:
            found = self.wait_for_line("|".join(f"(?:{pattern})" for pattern in missing))
            missing = [pattern for pattern in missing if not re.search(pattern, found.string)]

    def signal(self, number):
        self.process.send_signal(number)

    def family(self):
        """Pids of everything that the run has started, and its own."""
        wanted = f"TROUPE_TEST_MARK={self.mark}".encode()
        pids = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/environ", "rb") as environ:
                    if entry.isdigit() and wanted in environ.read().split(b"\0"):
                        pids.append(int(entry))
            except OSError:
                pass
        return pids

    def children(self):
        """Pids of what it has started itself: the zygote."""
        out = []
        for pid in self.family():
            try:
                with open(f"/proc/{pid}/stat", "rb") as stat:
                    parent = stat.read().rpartition(b") ")[2].split()[1]
            except OSError:
                continue
            if int(parent) == self.process.pid:
                out.append(pid)
        return out

    def end(self):
        """Waits for its end; returns the exit code and what it wrote to stderr."""
        code = self.process.wait(timeout=PATIENCE_S)
        while (line := self.lines.get(timeout=PATIENCE_S)) is not None:
            self.seen.append(line)
        return code, "\n".join(self.seen)

    def kill_if_left(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        if self.process.stdout:
            self.process.stdout.close()


class CommandTest(unittest.TestCase):
    """Each test has a folder of its own, which is also the place of its control sockets."""

    command = TROUPE

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="troupe-cli-")
        self.addCleanup(self.remove_folder)
        keep = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        self.env = {key: os.environ[key] for key in keep if key in os.environ}
        self.env["XDG_STATE_HOME"] = os.path.join(self.folder, "state")

    def remove_folder(self):
        for folder, _, _ in os.walk(self.folder):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        """Writes a file into the test's folder and returns its name."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return name

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def troupe(self, *arguments, **options):
        """Runs the command to its end."""
        options.setdefault("cwd", self.folder)
        options.setdefault("env", self.env)
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        for stream in ("stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        return subprocess.run([self.command, *arguments], timeout=PATIENCE_S, check=False, text=True,
                              errors="surrogateescape", **options)

    def start(self, *arguments, **options):
        run = Run(self, arguments, **options)
        self.addCleanup(run.kill_if_left)
        return run

    def start_ready(self, name, *arguments, **options):
        """Starts a troupe called `name` and waits until all of it is ready."""
        run = self.start(*arguments, **options)
        waited = self.troupe("status", name, "--wait", "ready")
        self.assertEqual(waited.returncode, 0, waited.stderr)
        return run

    def status(self, *arguments):
        shown = self.troupe("status", *arguments, "--json")
        self.assertIn(shown.returncode, (0, 3), shown.stderr)
        return json.loads(shown.stdout)

    def wait_for_slot(self, name, state):
        """Asks until the first worker of its only pool is in that state; returns its status."""
        end = time.monotonic() + PATIENCE_S
        while True:
            shown = self.troupe("status", name, "--json")
            view = parse_or_none(shown.stdout)  # None: it is too busy to say.
            slots = view["pools"][0]["slots"] if view else []
            if slots and slots[0]["state"] == state:
                return slots[0]
            self.assertLess(time.monotonic(), end, shown)

    def slot(self, name, replica=0):
        """The status of one worker, such as `slot("shop", 1)` of its only pool."""
        return self.status(name)["pools"][0]["slots"][replica]


def service(name, command, more="", pool="api"):
    """A configuration with one service."""
    return f"""version: 1
name: {name}
pools:
  {pool}:
    {command}
{more}"""


def main():
    # A test that is interrupted still removes what it has made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unittest.main(verbosity=2)
