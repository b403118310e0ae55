# Part of Troupe; see LICENSE.
"""Python's process pools as peers: `peers.py pool|executor WORK [name=value ...]`.

Prints one JSON object per run, as the C++ peers do: two workers, the start method that is the
default of this Python, a window of outstanding tasks collected in order of submission.
"""

import collections
import concurrent.futures
import json
import multiprocessing
import os
import sys
import time

WARM_UP_TASKS = 200


def noop(value):
    return value + 1


def cpu_clocks():
    """Clock numbers (see clock_getcpuclockid) of this process and its workers."""
    pids = [os.getpid()] + [child.pid for child in multiprocessing.active_children()]
    return [((~pid) << 3) | 2 for pid in pids]


def cpu_seconds(clocks):
    return sum(time.clock_gettime(clock) for clock in clocks)


def require_equal(got, expected):
    if got != expected:
        print(f"wrong result: {got}, expected {expected}", file=sys.stderr)
        sys.exit(3)


def windowed(submit, result, tasks, window):
    """Submits `tasks` tasks singly, at most `window` outstanding; returns the sum of the answers."""
    waiting = collections.deque()
    total = 0
    for value in range(tasks):
        if len(waiting) == window:
            total += result(waiting.popleft())
        waiting.append(submit(value))
    while waiting:
        total += result(waiting.popleft())
    return total


def measure_tasks(tasks, work, total_of=lambda answers: answers):
    clocks = cpu_clocks()
    cpu_before = cpu_seconds(clocks)
    before = time.perf_counter()
    answers = work()
    seconds = time.perf_counter() - before
    cpu = cpu_seconds(clocks) - cpu_before
    require_equal(total_of(answers), tasks * (tasks + 1) // 2)
    return {"tasks": tasks, "seconds": seconds, "rate": tasks / seconds, "cpu_us": cpu / tasks * 1e6}


def measure_latency(tasks, idle_ns, round_trip):
    micros = []
    for value in range(tasks):
        if idle_ns:
            time.sleep(idle_ns / 1e9)
        before = time.perf_counter()
        answer = round_trip(value)
        micros.append((time.perf_counter() - before) * 1e6)
        require_equal(answer, value + 1)
    micros.sort()
    return {"tasks": tasks, "p50_us": micros[tasks // 2], "p99_us": micros[tasks * 99 // 100]}


def run(work, args, submit, result, map_all):
    windowed(submit, result, WARM_UP_TASKS, WARM_UP_TASKS)
    tasks = args.get("tasks", 10000)
    if work == "submit":
        window = args.get("window", 1024)
        return measure_tasks(tasks, lambda: windowed(submit, result, tasks, window))
    if work == "map":
        values = list(range(tasks))
        map_all(noop, values)  # See pool_troupe.cpp.
        return measure_tasks(tasks, lambda: map_all(noop, values), sum)
    if work in ("roundtrip", "idle_roundtrip"):
        return measure_latency(tasks, args.get("idle_ns", 0), lambda value: result(submit(value)))
    raise SystemExit(f"this peer does not do {work}")


def main():
    peer, work = sys.argv[1:3]
    args = {name: int(value) for name, value in (word.split("=") for word in sys.argv[3:])}
    workers = args.get("workers", 2)
    if peer == "pool":
        with multiprocessing.Pool(workers) as pool:
            found = run(work, args, lambda value: pool.apply_async(noop, (value,)),
                        lambda waiting: waiting.get(), pool.map)
    elif peer == "executor":
        with concurrent.futures.ProcessPoolExecutor(workers) as pool:
            found = run(work, args, lambda value: pool.submit(noop, value),
                        lambda future: future.result(), pool.map)
    else:
        raise SystemExit(f"no peer {peer}")
    print(json.dumps({"peer": peer, "work": work, **found}))


if __name__ == "__main__":
    main()
