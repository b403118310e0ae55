#!/usr/bin/env python3
# Goal: a snippet that no longer compiles, and a link that leads nowhere, fail the documentation.
# Method: made-up documents, the real compiler; the YAML is judged by a made-up command.

import argparse
import stat
import sys
import tempfile
import unittest
from pathlib import Path

import check_docs

OPTIONS = argparse.Namespace(compiler="c++", include=".", troupe="")
# Stands in for `troupe validate FILE`: refuses a file that holds the word wrong.
VALIDATOR = '#!/bin/sh\n[ "$1" = validate ] || exit 64\nif grep -n wrong "$2"; then exit 78; fi\n'


class documents(unittest.TestCase):
    def check(self, text, files=()):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            root.joinpath("README.md").write_text(text)
            for name in files:
                root.joinpath(name).write_text("")
            validator = root / "validator"
            validator.write_text(VALIDATOR)
            validator.chmod(validator.stat().st_mode | stat.S_IXUSR)
            OPTIONS.troupe = str(validator)
            return check_docs.check(root, OPTIONS)

    def test_good_cpp_is_counted(self):
        self.assertEqual(self.check("# A\n\n```cpp\nint main() {}\n```\n"), (1, []))

    def test_bad_cpp_is_found_at_its_line(self):
        count, findings = self.check("# A\n\n```cpp\nint a;\nint main() { b(); }\n```\n")
        self.assertEqual(count, 1)
        self.assertIn("README.md:4: cpp:", findings[0])
        self.assertIn("README.md:5:", findings[0])

    def test_fragments_and_other_languages_are_left_alone(self):
        blocks = "cpp fragment\nb(", "yaml fragment\nwrong", "sh\n(", "\nb("
        text = "".join(f"```{block}\n```\n" for block in blocks)
        self.assertEqual(self.check(text), (0, []))

    def test_programs_that_are_to_be_run_are_written(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            text = "```cpp run\nint a;\n```\n```cpp\nint b;\n```\n```cpp run\nint c;\n```\n"
            root.joinpath("README.md").write_text(text)
            names = check_docs.write_programs(root, root / "made")
            self.assertEqual(names, ["README_1", "README_2"])
            written = root.joinpath("made/README_2.cpp").read_text()
            self.assertEqual(written, '#line 8 "README.md"\nint c;\n')

    def test_yaml_is_validated(self):
        self.assertEqual(self.check("```yaml\nversion: 1\n```\n"), (1, []))
        count, findings = self.check("# A\n\n```yaml\nversion: 1\nwrong: 1\n```\n")
        self.assertIn("README.md:4: yaml:", findings[0])
        self.assertIn("5:wrong", findings[0])

    def test_what_is_named_exists(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for path in ("framework/os/pipe.hpp", "bench/suite_pool.py", "docs/threads.md",
                         "cli/a.cpp"):
                root.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
                root.joinpath(path).write_text("")
            root.joinpath("cli/a.cpp").write_text('start_thread("troupe-a", f);')

            def untrue(readme, threads="`troupe-a`"):
                root.joinpath("README.md").write_text(readme)
                root.joinpath("docs/threads.md").write_text(threads)
                return check_docs.check(root, OPTIONS)[1]

            good = "`os/pipe` `framework/os/pipe.hpp` `cli/<x>` `bench/run pool` `a/b`\n    os\n"
            self.assertEqual(untrue(good), [])
            for bad, what in (("`os/pip`", "no os/pip"), ("`bench/run x`", "no suite x"),
                              ("`framework/x/y.hpp`", "no framework/x/y.hpp"),
                              ("    os < sync", "no room sync")):
                self.assertIn(f"README.md:1: untrue: there is {what}", untrue(bad)[0])
            self.assertIn("there is no thread troupe-b", untrue("", "`troupe-a`\n`troupe-b`")[0])
            self.assertIn("nothing about the thread troupe-a", untrue("", "")[0])

    def test_link_leads_to_a_file(self):
        good = "[a](a.md) [b](a.md#part) [c](#part) [d](https://example.org/x)\n"
        self.assertEqual(self.check(good, files=["a.md"]), (0, []))
        self.assertIn("README.md:1: dead-link", self.check("[a](a.md)\n")[1][0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", default="c++")
    known, rest = parser.parse_known_args()
    OPTIONS.compiler = known.compiler
    unittest.main(argv=sys.argv[:1])
