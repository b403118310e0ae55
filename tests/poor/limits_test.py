#!/usr/bin/env python3
"""Goal: under every limit that `ulimit` sets, a pool and `troupe run` end by themselves: with a
right result, or with a sentence that names what they were short of; nothing is left behind.
Method: the limits from nearly nothing to enough, as an ordinary user, for whom they count."""

import os
import resource
import shutil
import tempfile
import unittest

from support import POOR_POOL, TROUPE, PoorTest, own_processes, run, what_is_wrong

LINES = 500
BUDGET_S = 10  # For starting cases; those begun have their time.
RUN = """version: 1
name: poor
channels: {{a: {{type: string}}, b: {{type: string}}}}
pools:
  in: {{builtin: {{lines_from_file: {{path: {folder}/numbers}}}}, output: a}}
  middle: {{shell: 'cat', protocol: {{mode: stream}}, input: a, output: b}}
  out: {{builtin: {{lines_to_file: {{path: {folder}/{out}}}}}, input: b}}
"""
# A program may not even be loaded; that is told by the dynamic loader.
LOADER_WORDS = ("error while loading shared libraries", "cannot allocate memory for program")


def try_limit(case):
    """Empty if the program ends as it should under a limit."""
    argv, which, amount, words, out, expected = case

    ended = run(argv, limits=[(which, amount)])
    if any(word in ended.err for word in LOADER_WORDS) and ended.code in (1, 127):
        return ""
    wrong = what_is_wrong(ended, words)
    if not wrong and ended.code == 0 and out:
        with open(out, encoding="utf-8") as file:
            if file.read() != expected:
                wrong = "its result is wrong"
    return f"{os.path.basename(argv[0])} with {which}={amount}: {wrong}\n{ended}" if wrong else ""


class Limits(PoorTest):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="troupe-poor-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o777)
        self.expected = "".join(f"{i}\n" for i in range(LINES))
        with open(os.path.join(self.folder, "numbers"), "w", encoding="utf-8") as file:
            file.write(self.expected)

    def run_case(self, which, amount, words):
        """`troupe run` under a limit, with a result of its own."""
        out = f"out-{which}-{amount}"
        name = os.path.join(self.folder, f"run-{which}-{amount}.yaml")
        with open(name, "w", encoding="utf-8") as file:
            file.write(RUN.format(folder=self.folder, out=out))
        argv = [TROUPE, "run", name, "--no-socket"]
        return (argv, which, amount, words, os.path.join(self.folder, out), self.expected)

    def cases_of(self, which, amounts, *words):
        out = [([POOR_POOL], which, amount, words, "", "") for amount in amounts]
        if TROUPE:
            out += [self.run_case(which, amount, words) for amount in amounts]
        return out

    def test_limits(self):
        mib = 1 << 20
        cases = self.cases_of(resource.RLIMIT_NOFILE, [*range(5, 24), *range(24, 64, 3)],
                              "open files", "descriptor")
        cases += self.cases_of(resource.RLIMIT_NPROC,
                               [own_processes() + n for n in range(1, 16)],
                               "process", "thread", "fork")
        cases += self.cases_of(resource.RLIMIT_FSIZE,
                               [1000, mib, 2 * mib, 20 * mib, 100 * mib, 300 * mib],
                               "RLIMIT_FSIZE", "XFSZ")
        cases += self.cases_of(resource.RLIMIT_AS,
                               [n * mib for n in (20, 50, 100, 200, 300, 350, 400, 420, 450, 500,
                                                  512, *range(600, 800, 10), 1000, 1500, 3000)],
                               "memory", "bad_alloc")
        # Most of them wait, for what does not come.
        self.check_cases(try_limit, cases, BUDGET_S, at_once=12)


if __name__ == "__main__":
    unittest.main()
