#!/usr/bin/env python3
"""Goal: where a container's profile or an old kernel denies a call, what has a fallback works as
always, without spinning, and what has none ends with a sentence.
Method: a filter that fails the call for ever, with both errnos that profiles use."""

import errno
import platform
import unittest

from support import DENY, POOR_POOL, PoorTest, run, what_is_wrong

BUDGET_S = 7
IS_ARM = platform.machine() == "aarch64"


def number(x86, arm):
    return arm if IS_ARM else x86


# What Troupe, glibc or Asio do without.
WITH_FALLBACK = {
    "epoll_pwait2": 441,
    "close_range": 436,
    "membarrier": number(324, 283),
    "futex_waitv": 449,
    "getrandom": number(318, 278),
    "timerfd_create": number(283, 85),
    "sched_getaffinity": number(204, 123),
    "rseq": number(334, 293),
}
# glibc itself looks for ENOSYS only.
WITH_FALLBACK_FOR_ENOSYS = {
    "clone3": 435,
    "faccessat2": 439,
    "statx": number(332, 291),
}
WITHOUT = {
    "memfd_create": number(319, 279),
    "pidfd_open": 434,
    "pidfd_send_signal": 424,
    "clone3": 435,
    "eventfd2": number(290, 19),
    "epoll_create1": number(291, 20),
    "epoll_ctl": number(233, 21),
    "socketpair": number(53, 199),
    "prctl": number(157, 167),
    "prlimit64": number(302, 261),
    "madvise": number(28, 233),
    "execve": number(59, 221),
    "ptrace": number(101, 117),
    "waitid": number(247, 95),
    "wait4": number(61, 260),
    "getsockopt": number(55, 209),
    "sendmsg": number(46, 211),
    "recvmsg": number(47, 212),
}


def try_denied(case):
    call, problem, is_to_work = case
    name, at = call
    # The program that runs it needs execve itself.
    if name == "execve":
        return ""
    ended = run([DENY, str(getattr(errno, problem)), str(at), POOR_POOL])
    wrong = what_is_wrong(ended)
    if not wrong and is_to_work and ended.code != 0:
        wrong = "it has a fallback, and fails"
    return f"{name} denied with {problem}: {wrong}\n{ended}" if wrong else ""


class Denied(PoorTest):
    def check(self, cases):
        self.check_cases(try_denied, cases, BUDGET_S)

    def test_what_has_a_fallback_works(self):
        self.check([(call, problem, True) for call in WITH_FALLBACK.items()
                    for problem in ("ENOSYS", "EPERM")] +
                   [(call, "ENOSYS", True) for call in WITH_FALLBACK_FOR_ENOSYS.items()])

    def test_what_has_none_is_told(self):
        self.check([(call, problem, False) for call in WITHOUT.items()
                    for problem in ("ENOSYS", "EPERM")])

    def test_an_old_kernel_that_knows_none_of_them_works(self):
        # All at once.
        numbers = ",".join(str(at) for at in WITH_FALLBACK.values())
        ended = run([DENY, str(errno.ENOSYS), numbers, POOR_POOL])
        self.assertEqual((what_is_wrong(ended), ended.code), ("", 0), str(ended))


if __name__ == "__main__":
    unittest.main()
