#!/usr/bin/env python3
"""Compiles the C++ and validates the YAML that the documentation shows, so that it cannot rot.

usage: tools/check_docs.py --compiler C++ --include FOLDER [--troupe COMMAND] [ROOT]

Looks at README.md, CONTRIBUTING.md and docs/**/*.md. A block that opens with ```cpp is a whole
source file and must compile; one with ```yaml is a whole configuration and must be valid. A block
that shows a part of something opens with ```cpp fragment or ```yaml fragment and is left alone.
Links to files of the tree must lead somewhere. Without --troupe the YAML is only counted.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

COMPILE_FLAGS = ("-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++")
STEP_SECONDS_MAX = 60


@dataclass(frozen=True)
class Snippet:
    path: Path
    line: int  # Of the first line inside the block.
    language: str
    text: str
    is_fragment: bool


def snippets_of(path, text):
    """Yields the fenced blocks of a Markdown text that name a language."""
    opened = None
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"\s*```\s*(\w*)\s*(.*?)\s*$", line)
        if not fence:
            lines.append(line)
        elif opened is None:
            opened, lines = (number + 1, fence.group(1), fence.group(2)), []
        else:
            first, language, words = opened
            if language:
                body = "\n".join(lines) + "\n"
                yield Snippet(path, first, language, body, "fragment" in words.split())
            opened = None


def run(command, text=None):
    """Runs a command; returns "" or what it complained of."""
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    try:
        done = subprocess.run(command, input=text, timeout=STEP_SECONDS_MAX, check=False, **output)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    return "" if done.returncode == 0 else done.stdout.strip() or "it failed silently"


def check_cpp(snippet, options):
    # The line directive makes the compiler speak of the place in the documentation.
    text = f'#line {snippet.line} "{snippet.path}"\n{snippet.text}'
    return run([options.compiler, *COMPILE_FLAGS, f"-I{options.include}", "-"], text)


def check_yaml(snippet, options):
    if not options.troupe:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        # The blank lines in front keep the line numbers of the documentation.
        path = Path(folder, snippet.path.stem + ".yaml")
        path.write_text("\n" * (snippet.line - 1) + snippet.text)
        return run([options.troupe, "validate", str(path)])


CHECKS = {"cpp": check_cpp, "yaml": check_yaml}


def dead_links(root, path, text):
    """Yields (line, target) of links to files that are not there."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*```", line):
            is_code = not is_code
        for target in () if is_code else re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
            is_elsewhere = re.match(r"\w+:", target)
            if not is_elsewhere and not (path.parent / target).exists():
                yield number, target


def documents(root):
    named = [root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md"]
    return [path for path in named if path.is_file()] + sorted((root / "docs").rglob("*.md"))


def check(root, options):
    """Returns (number of snippets checked, findings)."""
    count, findings = 0, []
    for path in documents(root):
        text = path.read_text()
        name = path.relative_to(root)
        for number, target in dead_links(root, path, text):
            findings.append(f"{name}:{number}: dead-link: there is no {target}; correct the link")
        for snippet in snippets_of(name, text):
            if snippet.language in CHECKS and not snippet.is_fragment:
                count += 1
                complaint = CHECKS[snippet.language](snippet, options)
                if complaint:
                    advice = "correct it, or mark a part as fragment"
                    place = f"{name}:{snippet.line}: {snippet.language}"
                    findings.append(f"{place}: {advice}\n{complaint}")
    return count, findings


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--include", default="build/dev/include")
    parser.add_argument("--troupe", default="")
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("root", nargs="?", default=here, type=Path)
    options = parser.parse_args(arguments)
    count, findings = check(options.root, options)
    print("\n".join(findings + [f"check_docs: {count} snippets, {len(findings)} to correct"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
