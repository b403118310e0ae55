#!/usr/bin/env python3
"""Checks the rules of the house that a machine can count. Prints "file:line: rule: what to do".

usage: tools/check_tree.py [ROOT] | --rules
exit code: 0 clean, 1 something to correct, 2 cannot read the tree

The rules, one function each, stand below the tables; what is excused stands in ALLOWED, with the
reason. An excuse that excuses nothing any more is a finding too.
"""

import ast
import re
import sys
from pathlib import Path

import cpp_scan
from tree import Finding, read_tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
FACTS = ("Lives in", "Threads", "Blocks", "Crash", "Errors")
FIRST_LINE = "// Part of Troupe; see LICENSE."

# A room includes only itself and rooms of a lower rank; rooms of one rank do not see each other.
RANK = {
    "base": 0,
    "os": 1,
    "ipc": 2,
    "sync": 3,
    "process": 4,
    "pool": 5,
    "toolkit": 6,
    "supervision": 7,
    "pipeline": 8,
    "manager": 8,
    "actor": 8,
    "control": 8,
    "runtime": 9,
}
EVERY_ROOM = frozenset(RANK) | {"actors", "config", "cli"}
# What the rooms beside framework/ may see.
SIDE_ROOMS = {
    "actors": frozenset(room for room in RANK if RANK[room] < 8) | {"pipeline"},
    "config": frozenset({"base"}),
    "cli": EVERY_ROOM,
}
# Runtime builds what a configuration describes, also for troupe::load: with the ready-made actors.
ROOMS_BESIDE = {"runtime": {"config", "actors"}}
# What config fills in: the plain data of the specs and the names in it, not their machinery.
SPEC_HEADER = re.compile(r"^os/limits\.hpp$|^\w+/(\w+_spec|exit_status|launcher)\.hpp$")

KERNEL_HEADER = re.compile(
    r"^(sys|linux|asm|netinet|arpa|net)/"
    r"|^(unistd|fcntl|poll|sched|spawn|signal|pthread|dirent|elf|link|dlfcn|netdb|grp|pwd|termios"
    r"|syslog|mqueue|semaphore|execinfo|ucontext|ftw|glob|ifaddrs|fnmatch)\.h$"
)
CAF_ROOMS = ("supervision", "actor")

SLEEP = re.compile(
    r"\b(?:sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\b"
    r"|(?<![\w.])sleep\s*\(|\btime\.sleep\b"
)
# What makes a thread, as an expression or as a declaration with arguments.
NEW_THREAD = re.compile(
    r"\bstd::(?:thread|jthread)(?:\s+\w+)?\s*[({]|\bstd::async\b|\bpthread_create\b"
)
THREAD_MAKERS = ("framework/os/thread.cpp", "framework/os/thread.hpp")
SHELL_SLEEP = re.compile(r"(?:^|[;&|(]|\bdo\b|\bthen\b)\s*sleep\s")

# Patterns and what they find. With brackets, so that this file does not find itself.
FORBIDDEN = {
    r"(?<![\w.}/-])/wor[k]/|(?<![\w.}/-])/far[m]\b|\.librar[y]\b": "a path of one machine",
    r"(?<![\w.}/-])/(?:roo[t]|hom[e]/\w+)/": "a path of somebody's home folder",
    r"(?i)\b(?:clau[d]e|anthropi[c]|opena[i]|chatgp[t]|copilo[t])\b": "the name of a writing tool",
    r"\b(?:deb|security|archive)\.(?:debia[n]|ubunt[u])\.\w+": "a package host; leave it to apt",
    r"\bpyp[i]\.org|registry\.npm[j]s|\bprox[y]\.golang|\bcrate[s]\.io": "a package host",
    r"\b(?:FIXM[E]|XX[X]|HAC[K])\b|\bTOD[O]\b(?!\()": "an unfinished thought without a topic",
}

# The rules and what each wants, as `--rules` prints them.
NAMES = {
    "layers": "a room includes only rooms to its left, by the whole path, and no foreign detail/",
    "dependencies": "the rooms it includes stand among its DEPENDS",
    "kernel-header": "kernel headers are included in os only",
    "caf-header": "CAF headers are included in supervision and actor only",
    "yaml-header": "yaml-cpp is included in the sources of config only",
    "asio-header": "Asio is included in the sources and in detail/ of os and control only",
    "public-header": "what users include needs no library but ours and the standard's",
    "file-size": f"a file has at most {FILE_LINES_MAX} lines",
    "function-size": f"a function has at most {FUNCTION_LINES_MAX} lines",
    "first-line": "a file of a room begins with the licence line",
    "pragma-once": "a header has #pragma once",
    "class-facts": f"a public class says {', '.join(FACTS)}",
    "sync-comment": "SYNC(name) stands at both accesses of a pair",
    "crash-comment": "CRASH(n) says what the reader sees and is numbered once in its file",
    "no-sleep": "a test waits for the event, never for time",
    "own-thread": "threads of ours are made by os::start_thread: named, and deaf to signals",
    "words": "no paths of one machine, no package hosts, no unfinished thoughts",
    "allowed": "an excuse is still needed",
}

# (rule, path): reason. Short on purpose.
PROCESS = "framework/process/"
ALLOWED = {
    ("kernel-header", PROCESS + "exit_status.cpp"): "the macros that read a wait status",
    ("kernel-header", PROCESS + "detail/modules.cpp"): "the modules the dynamic linker loaded",
    ("kernel-header", PROCESS + "zygote.cpp"): "_exit, where destructors must not run",
    ("kernel-header", PROCESS + "detail/crash_page.cpp"): "a signal handler: raw calls only",
    ("kernel-header", PROCESS + "detail/zygote_child.cpp"): "between fork and exec: raw calls only",
    ("kernel-header", PROCESS + "detail/zygote_loop.cpp"): "_exit, where destructors must not run",
    ("kernel-header", "framework/pipeline/module.cpp"): "dlopen of worker types, used only there",
    ("function-size", "config/keys_table.cpp"): "the one table of keys: rows, no steps",
}


def includes_in_rooms(files):
    for file in files:
        if file.is_cpp and file.room:
            for include in cpp_scan.includes(file.text):
                yield file, include


def split_include(name):
    """Splits "troupe/os/fd.hpp" into ("os", "fd.hpp"); foreign headers into ("", "")."""
    if not name.startswith("troupe/"):
        return "", ""
    room, _, rest = name.removeprefix("troupe/").partition("/")
    return room, rest


def check_layers(files):
    for file, include in includes_in_rooms(files):
        target, rest = split_include(include.name)
        fault = ""
        if file.room not in EVERY_ROOM:
            fault = f"room '{file.room}' has no rank: give it one in tools/check_tree.py"
        elif target and target != file.room:
            fault = layer_fault(file.room, target, rest)
        elif not target and include.is_quoted:
            fault = f'write the whole path: "troupe/{file.room}/..."'
        if fault:
            yield file.finding(include.line, "layers", f"{include.name}: {fault}")


def layer_fault(room, target, rest):
    """Says why a file of `room` may not include troupe/`target`/`rest`, or nothing."""
    if not rest:
        return "headers at the top are for users; include the header of the room"
    if target not in EVERY_ROOM:
        return f"there is no room '{target}'"
    if rest.startswith("detail/"):
        return f"detail/ belongs to {target} alone; ask {target} for a public header"
    if room in SIDE_ROOMS:
        is_spec = room == "config" and SPEC_HEADER.match(f"{target}/{rest}")
        is_visible = target in SIDE_ROOMS[room] or is_spec
        return "" if is_visible else f"{room} may not see {target}; pass plain data in instead"
    is_beside = target in ROOMS_BESIDE.get(room, ())
    if is_beside or (target in RANK and RANK[target] < RANK[room]):
        return ""
    return f"{target} is not to the left of {room}; move the code or put an interface in {room}"


def check_dependencies(files):
    """An include of another room needs that room among the DEPENDS, directly or through one."""
    depends, listed_in = {}, {}
    for file in files:
        if file.room and file.path.endswith("/CMakeLists.txt"):
            text = re.sub(r"#[^\n]*", "", file.text)
            call = re.search(r"troupe_add_room\(\s*(\w+)([^)]*)\)", text)
            if call:
                words = re.search(r"\bDEPENDS\b([^A-Z]*)", call.group(2))
                depends[call.group(1)] = words.group(1).split() if words else []
                listed_in[call.group(1)] = file.path
    for file, include in includes_in_rooms(files):
        target, _ = split_include(include.name)
        is_known = target in EVERY_ROOM and file.room in depends
        if is_known and target not in rooms_below(file.room, depends):
            advice = f"{include.name}: add {target} to DEPENDS in {listed_in[file.room]}"
            yield file.finding(include.line, "dependencies", advice)


def rooms_below(room, depends):
    found, open_rooms = {room}, [room]
    while open_rooms:
        new = set(depends.get(open_rooms.pop(), ())) - found
        found |= new
        open_rooms += new
    return found


def check_foreign_headers(files):
    reached = reached_by_users(files)
    for file, include in includes_in_rooms(files):
        rule, advice = foreign_fault(file, include.name)
        if not rule and file.path in reached and is_library(file, include.name):
            rule, advice = "public-header", "users would need it too; include it in a .cpp instead"
        if rule:
            yield file.finding(include.line, rule, f"<{include.name}>: {advice}")


def foreign_fault(file, name):
    """Says which rule the foreign header `name` breaks in `file`, and what to do; or nothing."""
    is_source = file.suffix == ".cpp"
    if KERNEL_HEADER.match(name) and file.room != "os":
        return "kernel-header", "belongs in os: wrap the call there, one type per kernel object"
    if name.startswith("caf/") and file.room not in CAF_ROOMS:
        return "caf-header", f"CAF stays in {' and '.join(CAF_ROOMS)}; talk to it through a port"
    if name.startswith("yaml-cpp/") and not (file.room == "config" and is_source):
        return "yaml-header", "yaml-cpp stays in the .cpp files of config"
    may_use_asio = file.room in ("os", "control") and not file.is_public_header
    if re.match(r"boost/(asio|beast)\b", name) and not may_use_asio:
        return "asio-header", "Asio stays in the sources and in detail/ of os and control"
    return "", ""


def is_library(file, name):
    """Tells whether `name` belongs to a library that users of `file` would have to install."""
    is_ours = name.startswith("troupe/") or (file.room == "actor" and name.startswith("caf/"))
    is_path = "/" in name or name.endswith((".h", ".hpp"))
    return is_path and not is_ours and not KERNEL_HEADER.match(name)


def reached_by_users(files):
    """The public headers of the rooms, and what they include from detail/ for their templates."""
    by_name = {f"troupe/{file.room}/{file.room_path}": file for file in files if file.room}
    reached, open_files = set(), [file for file in files if file.is_public_header]
    while open_files:
        file = open_files.pop()
        if file.path not in reached:
            reached.add(file.path)
            names = (include.name for include in cpp_scan.includes(file.text))
            open_files += [by_name[name] for name in names if name in by_name]
    return reached


def check_file_sizes(files):
    for file in files:
        is_code = file.is_cpp or file.suffix in (".py", ".sh", ".cmake")
        if is_code and len(file.lines) > FILE_LINES_MAX:
            advice = f"{len(file.lines)} lines, at most {FILE_LINES_MAX}: split it by its subjects"
            yield file.finding(FILE_LINES_MAX + 1, "file-size", advice)


def check_function_sizes(files):
    for file in files:
        for name, first, last in functions_of(file):
            lines = last - first + 1
            if lines > FUNCTION_LINES_MAX:
                advice = f"{name}: {lines} lines, at most {FUNCTION_LINES_MAX}: name its steps"
                yield file.finding(first, "function-size", advice)


def functions_of(file):
    if file.is_cpp:
        for function in cpp_scan.structure(file.text)[0]:
            match = re.search(r"([\w:~]+)\s*\(", function.head)
            yield (match.group(1) if match else "lambda"), function.first_line, function.last_line
    elif file.suffix == ".py":
        for node in ast.walk(ast.parse(file.text, file.path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, node.end_lineno


def check_header_form(files):
    for file in files:
        if file.is_cpp and file.room and file.lines[:1] != [FIRST_LINE]:
            yield file.finding(1, "first-line", f"begin with '{FIRST_LINE}'")
        if file.suffix == ".hpp" and "#pragma once" not in file.lines:
            yield file.finding(1, "pragma-once", "add '#pragma once' below the first line")


def check_class_facts(files):
    for file in files:
        if not file.is_public_header:
            continue
        for found in cpp_scan.structure(file.text)[1]:
            is_detail = any("detail" in part.split("::") for part in found.scope)
            # Exceptions are values that are thrown: all of them alike. A specialisation is
            # described where its template is.
            is_exception = re.search(r":\s*public\s+[\w:]*(error|exception)\b", found.head)
            is_specialisation = re.match(r"template\s*<>", found.head)
            if not (found.is_nested or is_detail or is_exception or is_specialisation):
                yield from facts_missing(file, found)


def facts_missing(file, found):
    line = found.line - 1
    while line >= 1 and file.lines[line - 1].lstrip().startswith("///"):
        line -= 1
    comment = " ".join(file.lines[line : found.line - 1])
    # "Crash (of the child): ..." narrows the fact; that is welcome.
    places = {fact: re.search(rf"\b{fact}(?: \([^)]*\))?:", comment) for fact in FACTS}
    missing = [fact for fact in FACTS if not places[fact]]
    starts = [place.start() for place in places.values() if place]
    advice = ""
    if missing:
        advice = f"class {found.name}: its comment must say {', '.join(missing)}"
    elif starts != sorted(starts):
        advice = f"class {found.name}: the order is {' / '.join(FACTS)}"
    if advice:
        yield file.finding(found.line, "class-facts", advice)


def check_sync_comments(files):
    """SYNC(name) stands at both accesses of a pair; SYNC(none) says that nothing is ordered."""
    seen = {}
    for file in files:
        if file.is_cpp:
            for number, line in enumerate(file.lines, 1):
                for name in re.findall(r"\bSYNC\(([^)]+)\)", line):
                    seen.setdefault(name, []).append((file, number))
    for name, places in sorted(seen.items()):
        if len(places) == 1 and name != "none":
            file, number = places[0]
            advice = f"SYNC({name}) has no partner: repeat the name at the other access"
            yield file.finding(number, "sync-comment", advice)


def check_crash_comments(files):
    """CRASH(n) numbers the places of a file where a kill may fall between two stores."""
    for file in files:
        numbers = {}
        for line_number, line in enumerate(file.lines if file.is_cpp and file.room else (), 1):
            for name, rest in re.findall(r"//.*?\bCRASH\(([^)]+)\)(.*)", line):
                advice = ""
                if not re.match(r":\s*\S", rest):
                    advice = f"write 'CRASH({name}): what the reader sees'"
                elif name in numbers:
                    advice = f"CRASH({name}) stands at line {numbers[name]} too: number it anew"
                numbers.setdefault(name, line_number)
                if advice:
                    yield file.finding(line_number, "crash-comment", advice)


def check_sleeps(files):
    for file in files:
        pattern = SLEEP if file.is_cpp or file.suffix == ".py" else SHELL_SLEEP
        is_text = not file.is_cpp and file.suffix not in (".py", ".sh", "")
        if file.top != "tests" or is_text:
            continue
        text = cpp_scan.blank(file.text) if file.is_cpp else file.text
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                advice = "wait for the event itself, bounded by the test's time limit"
                yield file.finding(number, "no-sleep", advice)


def check_threads(files):
    for file in files:
        if not file.is_cpp or not file.room or file.path in THREAD_MAKERS:
            continue
        for number, line in enumerate(cpp_scan.blank(file.text).splitlines(), 1):
            if NEW_THREAD.search(line):
                advice = "os::start_thread makes it: its name, and no signal of the program's"
                yield file.finding(number, "own-thread", advice)


def check_words(files):
    patterns = [(re.compile(pattern), meaning) for pattern, meaning in FORBIDDEN.items()]
    for file in files:
        for number, line in enumerate(file.lines, 1):
            for pattern, meaning in patterns:
                match = pattern.search(line)
                if match:
                    yield file.finding(number, "words", f"'{match.group().strip()}' is {meaning}")


RULES = (
    check_layers,
    check_dependencies,
    check_foreign_headers,
    check_file_sizes,
    check_function_sizes,
    check_header_form,
    check_class_facts,
    check_sync_comments,
    check_crash_comments,
    check_sleeps,
    check_threads,
    check_words,
)


def check(root, allowed=None):
    """Returns every finding that is not excused, in the order of the files."""
    allowed = ALLOWED if allowed is None else allowed
    files = read_tree(root)
    found = {finding for rule in RULES for finding in rule(files)}
    excused = {finding for finding in found if (finding.rule, finding.path) in allowed}
    used = {(finding.rule, finding.path) for finding in excused}
    for rule, path in set(allowed) - used:
        advice = f"the excuse of {path} from {rule} is not needed any more: remove it"
        found.add(Finding("tools/check_tree.py", 1, "allowed", advice))
    return sorted(found - excused, key=lambda finding: (finding.path, finding.line, finding.rule))


def main(arguments):
    if arguments == ["--rules"]:
        print("\n".join(f"{name:15} {meaning}" for name, meaning in NAMES.items()))
        return 0
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if not root.is_dir():
        print(f"check_tree: {root} is not a folder", file=sys.stderr)
        return 2
    findings = check(root)
    for finding in findings:
        print(finding)
    if findings:
        print(f"check_tree: {len(findings)} to correct")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
