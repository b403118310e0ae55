#!/usr/bin/env python3
"""Compiles the C++ and validates the YAML that the documentation shows, so that it cannot rot.

usage: tools/check_docs.py --compiler C++ --include FOLDER [--troupe COMMAND] [ROOT]
       tools/check_docs.py --programs FOLDER [ROOT]

Looks at README.md, CONTRIBUTING.md and docs/**/*.md. A block that opens with ```cpp is a whole
source file and must compile; one with ```yaml is a whole configuration and must be valid. A block
that shows a part of something opens with ```cpp fragment or ```yaml fragment and is left alone.
Links to files of the tree must lead somewhere, and rooms, paths, threads and suites of the benchmark
that are named must exist. Without --troupe the YAML is only counted.
A block that opens with ```cpp run is a program that ends by itself with 0: --programs writes each
into FOLDER and prints the names of the files; tests/tools builds and runs them.
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
    is_program: bool


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
                words = words.split()
                yield Snippet(path, first, language, body, "fragment" in words, "run" in words)
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


def is_there(root, path):
    """Whether `tools/setup.sh`, `os/pipe` or `tests/<room>` names something of the tree."""
    place = re.sub(r"/<.*|/\*.*", "", path)
    return any(
        (root / top / (place + ending)).exists()
        for top in ("", "framework", "tests")
        for ending in ("", ".hpp", ".cpp")
    )


def thread_names(root):
    """Names of the threads and processes that the sources make."""
    named = re.compile(r'\b(?:start_thread|set_name)\(\s*"(troupe-[a-z]+)"')
    names = set()
    for top in ("framework", "actors", "cli"):
        for path in (root / top).rglob("*.cpp"):
            names.update(named.findall(path.read_text()))
    return names


def untrue_names(root, name, text):
    """Yields (line, what) of things that are named and do not exist."""
    tops = {path.name for path in root.iterdir() if path.is_dir()} - {"build"}
    rooms = {path.name for path in (root / "framework").glob("*/")}
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for path in re.findall(r"`([a-z_]+/[\w./<>*-]+)`", line):
            if path.split("/")[0] in tops | rooms and not is_there(root, path):
                yield number, f"no {path}"
        for suite in re.findall(r"`bench/run ([a-z]+)", line):
            if not (root / "bench" / f"suite_{suite}.py").exists():
                yield number, f"no suite {suite} of the benchmark"
        if re.match(r"    .*\w < ", line):
            for room in re.findall(r"\w+", line):
                if room not in rooms:
                    yield number, f"no room {room}"
    if str(name) == "docs/threads.md":
        told = {}
        for number, line in enumerate(lines, 1):
            for thread in re.findall(r"`(troupe-[a-z]+)`", line):
                told.setdefault(thread, number)
        made = thread_names(root)
        yield from ((told[one], f"no thread {one}") for one in sorted(set(told) - made))
        yield from ((1, f"nothing about the thread {one}") for one in sorted(made - set(told)))


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
        for number, what in untrue_names(root, name, text):
            findings.append(f"{name}:{number}: untrue: there is {what}; say what is")
        for snippet in snippets_of(name, text):
            if snippet.language in CHECKS and not snippet.is_fragment:
                count += 1
                complaint = CHECKS[snippet.language](snippet, options)
                if complaint:
                    advice = "correct it, or mark a part as fragment"
                    place = f"{name}:{snippet.line}: {snippet.language}"
                    findings.append(f"{place}: {advice}\n{complaint}")
    return count, findings


def write_programs(root, folder):
    """Writes the programs that are to be run; returns the names of the files, without .cpp."""
    names = []
    folder.mkdir(parents=True, exist_ok=True)
    for path in documents(root):
        relative = path.relative_to(root)
        for snippet in snippets_of(relative, path.read_text()):
            if snippet.language == "cpp" and snippet.is_program:
                count = sum(name.rpartition("_")[0] == path.stem for name in names)
                names.append(f"{path.stem}_{count + 1}")
                text = f'#line {snippet.line} "{relative}"\n{snippet.text}'
                file = folder / f"{names[-1]}.cpp"
                if not file.exists() or file.read_text() != text:  # Else it would be built anew.
                    file.write_text(text)
    return names


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--include", default="build/dev/include")
    parser.add_argument("--troupe", default="")
    parser.add_argument("--programs", type=Path)
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("root", nargs="?", default=here, type=Path)
    options = parser.parse_args(arguments)
    if options.programs:
        print("\n".join(write_programs(options.root, options.programs)))
        return 0
    count, findings = check(options.root, options)
    print("\n".join(findings + [f"check_docs: {count} snippets, {len(findings)} to correct"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
