"""What the tests of poor environments share: running a program under a nurse that sees what it
leaves behind, and reading what fail_call has counted."""

import atexit
import concurrent.futures
import ctypes
import itertools
import os
import random
import resource
import select
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import time
import unittest
from dataclasses import dataclass, field

# What the tests start can be read by every user; see `ordinary_user`.
FOLDER = tempfile.mkdtemp(prefix="troupe-poor-")
OWNER = os.getpid()


def remove_folder():
    if os.getpid() == OWNER:
        shutil.rmtree(FOLDER, ignore_errors=True)


os.chmod(FOLDER, 0o777)
atexit.register(remove_folder)


def reachable(path):
    """A path of the same program that every user may run."""
    part = path
    while part and part != "/":
        if not os.stat(part).st_mode & stat.S_IXOTH:
            return shutil.copy(path, FOLDER)
        part = os.path.dirname(part)
    return path


POOR_POOL = reachable(os.environ["POOR_POOL"])
FAIL_CALL = reachable(os.environ["FAIL_CALL_LIBRARY"])
DENY = reachable(os.environ["DENY"])
TROUPE = reachable(os.environ.get("TROUPE", ""))
# A program that starts itself again and again would take the machine with it.
PROCESSES_MAX = 100
PROCESSES_LOOK_S = 0.25
# Otherwise a sample of the cases, as many as there is time for.
RUNS_ALL = os.environ.get("TROUPE_POOR") == "all"
# A program that is still there after that hangs.
PATIENCE_S = 60
# What a dead host leaves is gone within 2 s; a busy machine gets more.
LEFTOVER_PATIENCE_S = 10

ROLES = ("host", "zygote", "worker")
PHASES = ("start", "work", "stop")
STATE_BYTES = 8192
HEADER = struct.Struct("IIII")
ENTRY = struct.Struct("28s9I")

PR_SET_CHILD_SUBREAPER = 36


def become_nurse():
    """Orphans of what this process starts become its children instead of init's."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass
class Ended:
    """How a program ended."""

    code: int = 0  # Negative: the signal.
    out: str = ""
    err: str = ""
    is_hung: bool = False
    is_too_many: bool = False
    left: list = field(default_factory=list)
    seconds: float = 0.0
    fired: int = 0
    counts: dict = field(default_factory=dict)

    @property
    def sentence(self):
        """What it said last, why it failed."""
        lines = [line for line in self.err.splitlines()
                 if "failed: " in line or line.startswith("troupe: ")]
        return lines[-1] if lines else ""

    def __str__(self):
        how = "killed" if self.is_hung or self.is_too_many else f"exit code {self.code}"
        return (f"{how} after {self.seconds:.1f} s, left {self.left}\n"
                f"stdout: {self.out[-500:]}\nstderr: {self.err[-2000:]}")


def stat_fields(pid):
    """Name, state, parent, .. of a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    return [text[text.index("(") + 1:text.rindex(")")], *text[text.rindex(")") + 2:].split()]


def descendants():
    """Pids and names of all processes below this one, zombies too."""
    names, parents = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat_fields(entry)):
            names[int(entry)] = fields[0]
            parents.setdefault(int(fields[2]), []).append(int(entry))
    out, found = [], [os.getpid()]
    while found:
        below = parents.get(found.pop(), [])
        out += [(pid, names[pid]) for pid in below]
        found += below
    return out


def kill_descendants():
    """Until there are none: those of the killed come to this process."""
    while below := descendants():
        for pid, _ in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, 0)[0]:
                pass
        except ChildProcessError:
            pass


def collect_leftovers():
    """Waits for orphans to end; kills and names those that do not."""
    end = time.monotonic() + LEFTOVER_PATIENCE_S
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return []
        if time.monotonic() > end:
            break
        select.select([], [], [], 0.005)
    left = [name for _, name in descendants()]
    kill_descendants()
    return left


def ordinary_user():
    """Options for run() that make the child an ordinary user with no other processes."""
    if os.geteuid() != 0:
        return {}
    # A number of its own: processes of others with the same one would count, too.
    user = random.SystemRandom().randrange(200_000, 900_000)
    return {"user": user, "group": user, "extra_groups": []}


def own_processes():
    """How many processes and threads the user of the tests has already."""
    if os.geteuid() == 0:
        return 0
    count = 0
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == os.geteuid():
                count += len(os.listdir(f"/proc/{entry}/task"))
        except OSError:
            pass
    return count


def read_state(path):
    with open(path, "rb") as file:
        data = file.read()
    fired = HEADER.unpack_from(data)[2]
    counts = {}
    for at in range(HEADER.size, len(data) - ENTRY.size + 1, ENTRY.size):
        name, *numbers = ENTRY.unpack_from(data, at)
        name = name.rstrip(b"\0").decode()
        if not name:
            break
        for i, number in enumerate(numbers):
            counts[(ROLES[i % 3], name, i // 3)] = number
    return fired, counts


def prepare_state(env, plan):
    number, state = tempfile.mkstemp(dir=FOLDER)
    os.truncate(number, STATE_BYTES)
    os.fchmod(number, 0o666)
    os.close(number)
    env.update(LD_PRELOAD=FAIL_CALL, FAIL_CALL_STATE=state, FAIL_CALL=plan)
    return state


def wait_for(process, out, patience_s):
    """Until it has ended, or has had its time, or is too many."""
    end = time.monotonic() + patience_s
    while True:
        try:
            out.code = process.wait(timeout=PROCESSES_LOOK_S)
            return
        except subprocess.TimeoutExpired:
            out.is_too_many = len(descendants()) > PROCESSES_MAX
        if out.is_too_many or time.monotonic() > end:
            out.is_hung = not out.is_too_many
            process.kill()
            process.wait()
            kill_descendants()
            return


def run(argv, plan=None, limits=(), as_user=True, patience_s=PATIENCE_S, **options):
    """Runs a program to its end. `plan` is fail_call's; "" only counts. `limits`: pairs for
    setrlimit. `as_user`: an ordinary one, for whom limits count, also the one of processes."""
    out = Ended()
    env = dict(options.pop("env", os.environ))
    state = prepare_state(env, plan) if plan is not None else None
    limits = {resource.RLIMIT_NPROC: own_processes() + PROCESSES_MAX, **dict(limits)}

    def set_limits():
        for which, amount in limits.items():
            resource.setrlimit(which, (amount, amount))

    if as_user:
        options.update(ordinary_user())
    options = {"stdin": subprocess.DEVNULL, "cwd": "/", **options}
    begin = time.monotonic()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        # Files, not pipes: something left behind does not keep the reader waiting.
        process = subprocess.Popen(argv, env=env, stdout=stdout, stderr=stderr,
                                   preexec_fn=set_limits, **options)
        wait_for(process, out, patience_s)
        out.seconds = time.monotonic() - begin
        out.left = collect_leftovers()
        stdout.seek(0)
        stderr.seek(0)
        out.out = stdout.read().decode("utf-8", "replace")
        out.err = stderr.read().decode("utf-8", "replace")
    if state:
        out.fired, out.counts = read_state(state)
        os.unlink(state)
    return out


def lanes(count):
    """So many processes that run programs at the same time, each a nurse of its own."""
    return concurrent.futures.ProcessPoolExecutor(max_workers=count, initializer=become_nurse)


def try_cases(try_case, cases, budget_s, at_once=2):
    """Runs cases, in an order by a seed that is printed, as long as the budget lasts. Returns what
    went wrong; `try_case` returns that of one case, or nothing."""
    seed = int(os.environ.get("TROUPE_POOR_SEED", random.randrange(10**6)))
    cases = list(cases)
    random.Random(seed).shuffle(cases)
    end = time.monotonic() + (float("inf") if RUNS_ALL else budget_s)
    failed, done, left = [], 0, iter(cases)
    with lanes(at_once) as workers:
        running = {workers.submit(try_case, case) for case in itertools.islice(left, at_once)}
        while running:
            ready, running = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED)
            for one in ready:
                done += 1
                if one.result():
                    failed.append(one.result())
                    print(one.result(), flush=True)
                case = next(left, None) if time.monotonic() < end else None
                if case is not None:
                    running.add(workers.submit(try_case, case))
    print(f"TROUPE_POOR_SEED={seed}: {done} of {len(cases)} cases, {len(failed)} wrong", flush=True)
    return failed


class PoorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        become_nurse()

    def check_cases(self, try_case, cases, budget_s, at_once=2):
        failed = try_cases(try_case, cases, budget_s, at_once)
        self.assertEqual(len(failed), 0, "see above")

    def assert_told(self, ended, *words):
        """It ended by itself: all right, or with a sentence that has one of `words`."""
        problem = what_is_wrong(ended, words)
        self.assertEqual(problem, "", f"{problem}\n{ended}")


def what_is_wrong(ended, words=()):
    """Empty if a program ended as it should in a poor environment."""
    if ended.is_hung:
        return "it hangs"
    if ended.is_too_many:
        return f"it has more than {PROCESSES_MAX} processes"
    if ended.left:
        return f"it left {ended.left}"
    if ended.code < 0:
        return f"it died of {signal.Signals(-ended.code).name}"
    if ended.code == 0:
        return ""
    # 65: `troupe run` ended, and tells what it could not keep.
    if ended.code not in (1, 65):
        return f"it ended with {ended.code}"
    if not ended.sentence:
        return "it does not say why it failed"
    if words and not any(word in ended.err for word in words):
        return f"what it says has none of {words}"
    return ""
