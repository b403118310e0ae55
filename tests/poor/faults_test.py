#!/usr/bin/env python3
"""Goal: whichever call of the system fails once, at the start of a pool, during its work or at its
end, in the host, the zygote or a worker: the program ends with a right result or a sentence, and
leaves no process, no descriptor, no thread; and what was missing once is not missed for ever.
Method: count the calls of each name, then run the program again and again, each time with one of
them failing. A sample of the cases by a seed that is printed; TROUPE_POOR_SEED repeats it,
TROUPE_POOR=all runs all of them, TROUPE_FAULT=role:name:phase:N:errno one. Workers are forked, or
execute the program again: TROUPE_POOR_START=spawn."""

import errno
import functools
import os
import random
import unittest

from support import PHASES, POOR_POOL, PoorTest, run, what_is_wrong

# Of the calls of one name, role and phase: the first ones, and some of the others.
FIRST_CALLS = 3
OTHER_CALLS = 3
# For the sample: what is not done then stays for other seeds.
BUDGET_S = 28

OUT_OF = ("EMFILE", "ENFILE", "ENOMEM")
DENIED = ("ENOSYS", "EPERM")
# What each call can fail with, by its manual page or by a container's profile.
ERRORS = {
    "epoll_create1": OUT_OF,
    "epoll_ctl": ("ENOMEM", "ENOSPC"),
    "epoll_wait": ("EINTR",),
    "epoll_pwait2": ("EINTR", *DENIED),
    "eventfd": OUT_OF,
    "pipe2": ("EMFILE", "ENFILE"),
    "socketpair": ("ENOBUFS", *OUT_OF),
    "sendmsg": ("EAGAIN", "EINTR", "ENOBUFS", "ENOMEM", "ETOOMANYREFS"),
    "recvmsg": ("EAGAIN", "EINTR", "ENOMEM"),
    "poll": ("EINTR", "ENOMEM"),
    "fcntl_dupfd": ("EMFILE",),
    "fcntl_setfl": ("EPERM",),
    "fcntl_seals": ("EPERM", "EINVAL"),
    "memfd_create": (*OUT_OF, *DENIED),
    "ftruncate": ("EINTR", "ENOSPC", "EFBIG", "ENOMEM"),
    "mmap": ("ENOMEM", "EAGAIN", "EPERM"),
    "madvise": ("EAGAIN", "EINVAL", "ENOMEM"),
    "fork": ("EAGAIN", "ENOMEM"),
    "posix_spawn": ("EAGAIN", "ENOMEM"),
    "pthread_create": ("EAGAIN",),
    "pidfd_open": (*OUT_OF, *DENIED),
    "pidfd_send_signal": ("EINVAL", *DENIED),
    "close_range": ("EMFILE", "ENOMEM", *DENIED),
    "membarrier": ("ENOMEM", *DENIED),
    "futex": ("EAGAIN", "EINTR"),
    "futex_waitv": ("EAGAIN", "EINTR", "ENOMEM", *DENIED),
    "signalfd": OUT_OF,
    "timerfd_create": (*OUT_OF, *DENIED),
    "read": ("EAGAIN", "EINTR", "EIO", "ENOMEM"),
    "write": ("EAGAIN", "EINTR", "EIO", "ENOMEM"),
    "open": OUT_OF,
    "fopen": OUT_OF,
    "fopen64": OUT_OF,
    "opendir": OUT_OF,
    "dup2": ("EBUSY", "EINTR"),
    "setpgid": ("EPERM", "EACCES"),
    "prctl": ("EINVAL", "EPERM"),
    "kill": ("EPERM",),
    "waitid": ("EINTR",),
    "wait4": ("EINTR",),
    "getrandom": ("EAGAIN", "EINTR", "ENOSYS"),
    "sched_getaffinity": ("EINVAL", "ENOSYS"),
    "ioctl": ("EINVAL", "ENOTTY"),
    "getsockopt": ("ENOBUFS", "ENOMEM"),
    "setsockopt": ("ENOBUFS", "ENOMEM"),
    "fstat": ("ENOMEM",),
    "stat": ("ENOENT", "ENOMEM"),
    "close": ("EINTR", "EIO"),
    "munmap": ("ENOMEM",),
    "fcntl_other": ("EINVAL",),
    "pwrite": ("EIO", "ENOSPC"),
    "readlink": ("ENOENT", "ENOMEM"),
    "sigaction": ("EINVAL",),
    "timerfd_settime": ("EINVAL",),
}
# What the kernel never says again and again: it means "look later", and later it is there.
NEVER_FOR_EVER = {"sendmsg": ("EAGAIN", "ENOBUFS", "ETOOMANYREFS"), "recvmsg": ("EAGAIN",),
                  "read": ("EAGAIN",), "write": ("EAGAIN",), "futex": ("EAGAIN",),
                  "futex_waitv": ("EAGAIN",), "close": ("EIO",), "poll": ("ENOMEM",)}
WANTED = os.environ.get("TROUPE_FAULT", "")
STARTS = [start for start in ("zygote", "spawn")
          if os.environ.get("TROUPE_POOR_START", start) == start]


def run_pool(argv, plan, start):
    return run([POOR_POOL, *argv], plan, env={**os.environ, "TROUPE_POOR_START": start})


@functools.cache
def count_calls(start):
    """The most that any of some undisturbed runs has made."""
    counts = {}
    for _ in range(3):
        ended = run_pool(["again"], "", start)
        problem = what_is_wrong(ended)
        if problem or ended.code != 0:
            raise AssertionError(f"undisturbed, it fails: {problem}\n{ended}")
        for key, number in ended.counts.items():
            counts[key] = max(counts.get(key, 0), number)
    return counts


def plans(counts):
    out = []
    for (role, name, phase), number in sorted(counts.items()):
        first = range(1, min(number, FIRST_CALLS) + 1)
        others = range(FIRST_CALLS + 1, number + 1)
        for occurrence in [*first, *random.sample(others, min(len(others), OTHER_CALLS))]:
            for problem in ERRORS.get(name, ()):
                out.append(f"{role}:{name}:{phase}:{occurrence}:{getattr(errno, problem)}")
    return out


def plans_for_ever(counts):
    """Each call of a role fails from the beginning on. A signal comes once in a while only."""
    out = set()
    for (role, name, _), number in counts.items():
        for problem in ERRORS.get(name, ()) if number > 0 else ():
            plan = f"{role}:{name}:3:0:{getattr(errno, problem)}"
            if problem not in ("EINTR", *NEVER_FOR_EVER.get(name, ())):
                out.add(plan)
    return sorted(out)


def try_plan(case):
    """Empty if the program ends as it should, else what is wrong and how to see it again."""
    start, plan = case
    role, name, phase, occurrence, number = plan.split(":")
    is_once = occurrence != "0"
    ended = run_pool(["again"] if is_once else [], plan, start)
    problem = what_is_wrong(ended)
    if not problem:
        return ""
    which = f"{occurrence}. {name} during {PHASES[int(phase)]}" if is_once else f"every {name}"
    return (f"TROUPE_POOR_START={start} TROUPE_FAULT={plan}: {problem}: {role}'s {which} gave "
            f"{errno.errorcode[int(number)]}\n{ended}")


class Faults(PoorTest):
    def check_plans(self, make_plans, budget_s):
        """Half of the time for each way to start workers."""
        for start in STARTS:
            cases = [(start, plan) for plan in make_plans(count_calls(start))]
            self.check_cases(try_plan, cases, budget_s / len(STARTS))

    def test_each_call_may_fail_once(self):
        if WANTED:
            self.assertEqual(try_plan((STARTS[0], WANTED)), "")
        else:
            self.check_plans(plans, BUDGET_S * 0.75)

    def test_each_call_may_fail_for_ever(self):
        if not WANTED:
            self.check_plans(plans_for_ever, BUDGET_S * 0.25)


if __name__ == "__main__":
    unittest.main()
