# Part of Troupe; see LICENSE.
"""Runs the programs of a suite in interleaved rounds. Knows no work and no peer's manners."""

import glob
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT_S = 120  # Of one run of one peer; the longest takes some seconds.
INCLUDE_RUNS = 3
QUICK, SMOKE = 0.25, 0.002  # Of the work: a first look; does everything run at all?
NOT_INSTALLED = {
    "zeromq": "libzmq3-dev is not installed",
    "boost": "libboost-dev is not installed",
    "caf": "libcaf-dev 0.17 is not installed",
}
PYTHON_PEERS = {"mp.Pool": "pool", "executor": "executor"}


@dataclass(frozen=True)
class Work:
    name: str
    metric: str
    unit: str
    shape: str
    source: str = ""  # The work whose runs are shown, when not `name`.


@dataclass(frozen=True)
class Case:
    """One program run: `peer` does `work` with `args`; its numbers are filed under `name`."""
    peer: str
    name: str
    work: str
    args: dict = field(hash=False)


@dataclass(frozen=True)
class Goal:
    name: str
    bound: str  # ">=2" or "<=0.05"
    value: Callable  # of found(peer, work, metric), within one round

    def is_met(self, value):
        limit = float(self.bound[2:])
        return value >= limit if self.bound.startswith(">=") else value <= limit


@dataclass(frozen=True)
class Suite:
    name: str
    summary: str
    header: str  # Whose compile time is measured.
    works: list
    cases: Callable  # of the scale: 1, or less for less work
    goals: list


class RunFailed(Exception):
    """A program crashed, hung or gave a wrong result: its numbers do not count."""


def call(command, timeout_s, **more):
    """Runs a command in its own session; nothing of that session outlives the time limit."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, start_new_session=True, **more)
    try:
        out, err = process.communicate(timeout=timeout_s)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RunFailed(f"{command[0]}: no result after {timeout_s} s, killed") from None
        raise
    if process.returncode != 0:
        shown = " ".join(str(word) for word in command)
        raise RunFailed(f"{shown}: exit {process.returncode}: {(err.strip() or out.strip())[-2000:]}")
    return out


def install():
    """Installs what the programs and peers need, where that is possible; else they are left out."""
    script = "source tools/setup.sh; install_packages tools/packages.txt tools/packages_bench.txt"
    done = subprocess.run(["bash", "-c", script, "bench/run"], cwd=ROOT, stdout=subprocess.DEVNULL,
                          check=False)
    if done.returncode != 0:
        print("bench/run: not every package could be installed; going on without", file=sys.stderr)


def build(folder, target):
    call(["cmake", "--preset", "bench", "-B", str(folder)], 300, cwd=ROOT)
    call(["ninja", "-C", str(folder), target], 3600, cwd=ROOT)


def find_python():
    """The newest Python that answers: (path, version)."""
    installed = glob.glob(os.path.expanduser("~/.pyenv/versions/3.13*/bin/python3"))
    pyenv = sorted(installed, key=lambda path: [int(n) for n in re.findall(r"\d+", path)], reverse=True)
    for candidate in [os.environ.get("PYTHON"), *pyenv, "python3.13", "python3"]:
        if not candidate or not shutil.which(candidate):
            continue
        try:
            version = call([candidate, "-c", "import platform; print(platform.python_version())"], 20)
        except RunFailed:
            continue  # A shim whose version is not selected.
        return candidate, version.strip()
    return None, None


class Programs:
    """Where each peer's program is, and who is left out and why."""

    def __init__(self, build_folder, cases):
        self.python, self.python_version = find_python()
        self._bin = build_folder / "bin"
        self.left_out = {}
        for peer in dict.fromkeys(case.peer for case in cases):
            if peer in PYTHON_PEERS:
                reason = "" if self.python else "no python3 found"
            else:
                missing = not (self._bin / f"bench_{peer}").exists()
                reason = NOT_INSTALLED.get(peer, "was not built") if missing else ""
            if reason:
                self.left_out[peer] = reason

    def command(self, case):
        if case.peer in PYTHON_PEERS:
            start = [self.python, str(ROOT / "bench/peers.py"), PYTHON_PEERS[case.peer]]
        else:
            start = [str(self._bin / f"bench_{case.peer}")]
        return start + [case.work] + [f"{name}={value}" for name, value in case.args.items()]


def run_case(programs, case):
    out = call(programs.command(case), TIMEOUT_S)
    try:
        found = json.loads(out)
    except json.JSONDecodeError as error:
        raise RunFailed(f"{case.peer} {case.name}: not one JSON object: {out[:200]!r}") from error
    if "seconds" in found and "tasks" in found:
        found.setdefault("us_per_task", found["seconds"] / found["tasks"] * 1e6)
    return found


def run_rounds(programs, cases, rounds, progress):
    """Every case once per round, the peers of one work next to each other, in rotating order."""
    works = list(dict.fromkeys(case.name for case in cases))
    results, failures = [], []
    for number in range(rounds):
        found = {}
        for work in works:
            peers = [case for case in cases if case.name == work and case.peer not in programs.left_out]
            turn = number % len(peers) if peers else 0
            for case in peers[turn:] + peers[:turn]:
                progress(f"round {number + 1} of {rounds}: {work} {case.peer}")
                try:
                    found[case.peer, work] = run_case(programs, case)
                except RunFailed as failure:
                    failures.append(f"{case.peer} {work}: {failure}")
        results.append(found)
    return results, failures


def include_seconds(build_folder, header):
    """How long the compiler takes to read the header alone, or None when there is none."""
    include = build_folder / "include"
    compiler = os.environ.get("CXX", "g++")
    if not (include / header).exists():
        return None
    command = [compiler, "-std=c++20", "-fsyntax-only", f"-I{include}", "-x", "c++", "-include",
               header, "/dev/null"]
    seconds = []
    for _ in range(INCLUDE_RUNS):
        before = time.monotonic()
        call(command, 60)
        seconds.append(time.monotonic() - before)
    return statistics.median(seconds)


def goal_values(goal, results, extra):
    """The goal's value in each round that measured both sides of it."""
    values = []
    for found in results:
        def look_up(peer, work, metric):
            return {**found, **extra}[peer, work][metric]
        try:
            values.append(goal.value(look_up))
        except (KeyError, ZeroDivisionError):
            continue
    return values


def machine():
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "load": round(os.getloadavg()[0], 2)}
