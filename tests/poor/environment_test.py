#!/usr/bin/env python3
"""Goal: closed streams, no home, a folder that cannot be written, no /proc, processes of others
that cannot be seen, and being the first process of a container: a pool and `troupe run` work, or
say in a sentence what they lack.
Method: namespaces where this user may make them (root may; others with user namespaces); where not,
a preloaded library makes /proc seem empty."""

import itertools
import os
import shutil
import subprocess
import tempfile
import unittest

from support import FAIL_CALL, POOR_POOL, TROUPE, PoorTest, run

LINES = 300
RUN = """version: 1
name: poor
channels: {{a: {{type: string}}, b: {{type: string}}}}
pools:
  in: {{builtin: {{lines_from_file: {{path: {folder}/numbers}}}}, output: a}}
  middle: {{shell: 'cat', protocol: {{mode: stream}}, input: a, output: b}}
  out: {{builtin: {{lines_to_file: {{path: {folder}/out}}}}, input: b}}
"""
AS_ROOT = [] if os.geteuid() == 0 else ["-r"]


def may(*arguments):
    """Whether this user may make such namespaces."""
    return subprocess.run(["unshare", *AS_ROOT, *arguments, "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


class Environment(PoorTest):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="troupe-poor-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o777)
        self.expected = "".join(f"{i}\n" for i in range(LINES))
        self.yaml = self.write("run.yaml", RUN.format(folder=self.folder))
        self.write("numbers", self.expected)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def check_run(self, prefix=(), must_work=True, words=(), **options):
        """`troupe run` ends; if it worked, with the right result."""
        out = os.path.join(self.folder, "out")
        if os.path.exists(out):
            os.unlink(out)
        ended = run([*prefix, TROUPE, "run", self.yaml], as_user="unshare" not in prefix, **options)
        self.assert_told(ended, *words)
        if must_work:
            self.assertEqual(ended.code, 0, str(ended))
        if ended.code == 0:
            with open(out, encoding="utf-8") as file:
                self.assertEqual(file.read(), self.expected)

    def check_pool(self, prefix=(), must_work=True, words=(), **options):
        ended = run([*prefix, POOR_POOL], as_user="unshare" not in prefix, **options)
        self.assert_told(ended, *words)
        if must_work:
            self.assertEqual(ended.code, 0, str(ended))

    def test_closed_streams(self):
        for count in (1, 2, 3):
            for closed in itertools.combinations(("<&-", ">&-", "2>&-"), count):
                shell = ["sh", "-c", f'exec "$@" {" ".join(closed)}', "sh"]
                with self.subTest(closed=closed):
                    self.check_pool(shell)
                    self.check_run([*shell])

    def test_nothing_in_the_environment(self):
        self.check_pool(env={})
        self.check_run(env={})
        self.check_run(env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "TMPDIR": "/nowhere"})

    def test_a_folder_that_cannot_be_written_or_is_gone(self):
        for remove in (False, True):
            here = tempfile.mkdtemp(prefix="troupe-poor-")
            os.chmod(here, 0o555)
            gone = ["sh", "-c", f'rmdir {here}; exec "$@"', "sh"] if remove else []
            with self.subTest(is_removed=remove):
                self.check_pool(gone, cwd=here)
                self.check_run(gone, cwd=here)
            if not remove:
                os.rmdir(here)

    def test_without_proc(self):
        if may("-m"):
            prefix = ["unshare", *AS_ROOT, "-m", "sh", "-c",
                      'mount -t tmpfs none /proc && exec "$@"', "sh"]
            options = {}
            words = ("/proc is not mounted", "mount -t proc")
        else:
            prefix = []
            words = ("/proc",)
            options = {"env": dict(os.environ, LD_PRELOAD=FAIL_CALL, FAIL_PATH="/proc")}
        self.check_pool(prefix, must_work=False, words=words, **options)
        self.check_run(prefix, must_work=False, words=words, **options)

    def test_where_processes_of_others_are_hidden(self):
        if not may("-mp", "-f", "--mount-proc"):
            self.check_pool()  # As it is here.
            return
        prefix = ["unshare", *AS_ROOT, "-mp", "-f", "--kill-child", "sh", "-c",
                  'mount -t proc -o hidepid=2 proc /proc && "$@"', "sh"]
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o777)
            prefix[-2] = ('mount -t proc -o hidepid=2 proc /proc && '
                          'setpriv --reuid 65534 --regid 65534 --clear-groups "$@"')
        self.check_pool(prefix)
        self.check_run(prefix)

    def test_as_the_first_process_of_a_container(self):
        if not may("-p", "-f", "--mount-proc"):
            self.check_pool()  # As it is here.
            return
        prefix = ["unshare", *AS_ROOT, "-p", "-f", "--mount-proc", "--kill-child"]
        self.check_pool(prefix)
        self.check_run(prefix)


if __name__ == "__main__":
    if not TROUPE:
        raise unittest.SkipTest("the command is not built")
    unittest.main()
