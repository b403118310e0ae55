#!/usr/bin/env python3
# Goal: every rule of check_tree is seen failing where it should, and silent where it should not.
# Method: small made-up trees in a temporary folder; a rule that no test has seen fails the suite.

import tempfile
import unittest
from pathlib import Path

import check_tree
import cpp_scan

HEADER = "// Part of Troupe; see LICENSE.\n\n#pragma once\n\n"
SOURCE = "// Part of Troupe; see LICENSE.\n\n"
FACTS = """/// A thing.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: nothing. Errors: none.
"""
RULES_SEEN = set()


def findings(files, allowed=None):
    """Checks a tree that consists of `files` (path -> text); returns "path:line: rule" strings."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            full = Path(folder, path)
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text(text)
        found = check_tree.check(Path(folder), allowed or {})
        RULES_SEEN.update(finding.rule for finding in found)
        return [f"{finding.path}:{finding.line}: {finding.rule}" for finding in found]


class Case(unittest.TestCase):
    def refused(self, rule, files, path=None, line=None):
        found = findings(files)
        path = path or next(iter(files))
        where = f"{path}:{line}: {rule}" if line else f": {rule}"
        self.assertTrue(any(where in one and one.startswith(path) for one in found), found)

    def accepted(self, files):
        self.assertEqual(findings(files), [])


class layers(Case):
    def test_room_may_include_rooms_to_its_left_and_itself(self):
        text = SOURCE + '#include "troupe/pool/pool.hpp"\n#include "troupe/base/error.hpp"\n'
        self.accepted({"framework/pool/pool.cpp": text})

    def test_room_may_not_include_rooms_to_its_right(self):
        text = SOURCE + '#include "troupe/pool/pool.hpp"\n'
        self.refused("layers", {"framework/os/fd.cpp": text}, line=3)

    def test_rooms_of_one_rank_do_not_see_each_other(self):
        text = SOURCE + '#include "troupe/control/client.hpp"\n'
        self.refused("layers", {"framework/pipeline/graph.cpp": text})

    def test_detail_of_another_room_is_closed(self):
        text = SOURCE + '#include "troupe/ipc/detail/inspect.hpp"\n'
        self.refused("layers", {"framework/pool/pool.cpp": text})

    def test_include_names_its_room(self):
        self.refused("layers", {"framework/os/fd.cpp": SOURCE + '#include "fd.hpp"\n'})

    def test_room_does_not_include_the_headers_for_users(self):
        self.refused("layers", {"framework/pool/a.cpp": SOURCE + '#include "troupe/troupe.hpp"\n'})

    def test_unknown_rooms_are_refused_at_both_ends(self):
        self.refused("layers", {"framework/attic/a.cpp": SOURCE + '#include "troupe/os/fd.hpp"\n'})
        self.refused("layers", {"framework/os/a.cpp": SOURCE + '#include "troupe/attic/a.hpp"\n'})

    def test_config_sees_base_and_plain_specs_only(self):
        good = '#include "troupe/base/error.hpp"\n#include "troupe/process/child_spec.hpp"\n'
        self.accepted({"config/loader.cpp": SOURCE + good})
        bad = SOURCE + '#include "troupe/pool/pool.hpp"\n'
        self.refused("layers", {"config/loader.cpp": bad})

    def test_runtime_sees_config_and_nobody_else_does(self):
        text = SOURCE + '#include "troupe/config/spec.hpp"\n'
        self.accepted({"framework/runtime/a.cpp": text})
        self.refused("layers", {"framework/pool/a.cpp": text})

    def test_command_sees_everything(self):
        text = SOURCE + '#include "troupe/config/keys.hpp"\n#include "troupe/runtime/runtime.hpp"\n'
        self.accepted({"cli/run.cpp": text})

    def test_include_in_a_comment_is_no_include(self):
        text = SOURCE + '// #include "troupe/pool/pool.hpp"\n/* #include "fd.hpp" */\n'
        self.accepted({"framework/os/fd.cpp": text})


class dependencies(Case):
    def tree(self, depends):
        return {
            "framework/pool/pool.cpp": SOURCE + '#include "troupe/base/error.hpp"\n',
            "framework/pool/CMakeLists.txt": f"troupe_add_room(pool {depends} SOURCES pool.cpp)\n",
            "framework/os/CMakeLists.txt": "troupe_add_room(os DEPENDS base SOURCES fd.cpp)\n",
        }

    def test_included_room_is_listed_directly_or_through_another(self):
        self.accepted(self.tree("DEPENDS base"))
        self.accepted(self.tree("DEPENDS os"))

    def test_included_room_that_is_not_listed(self):
        self.refused("dependencies", self.tree(""))


class foreign_headers(Case):
    def test_kernel_headers_belong_in_os(self):
        self.accepted({"framework/os/fd.cpp": SOURCE + "#include <unistd.h>\n"})
        for header in ("unistd.h", "sys/mman.h", "linux/futex.h", "poll.h"):
            text = SOURCE + f"#include <{header}>\n"
            self.refused("kernel-header", {"framework/pool/a.cpp": text})

    def test_standard_headers_belong_everywhere(self):
        self.accepted({"framework/pool/a.hpp": HEADER + "#include <csignal>\n#include <vector>\n"})

    def test_caf_stays_in_supervision(self):
        text = "#include <caf/all.hpp>\n"
        self.accepted({"framework/supervision/a.cpp": SOURCE + text})
        self.accepted({"framework/supervision/detail/a.hpp": HEADER + text})
        self.refused("public-header", {"framework/supervision/a.hpp": HEADER + text})
        self.refused("caf-header", {"framework/pool/a.cpp": SOURCE + text})

    def test_yaml_stays_in_the_sources_of_config(self):
        text = "#include <yaml-cpp/yaml.h>\n"
        self.accepted({"config/loader.cpp": SOURCE + text})
        self.refused("yaml-header", {"config/loader.hpp": HEADER + text})
        self.refused("yaml-header", {"cli/run.cpp": SOURCE + text})

    def test_asio_stays_in_the_sources_of_os(self):
        text = "#include <boost/asio/io_context.hpp>\n"
        self.accepted({"framework/os/reactor.cpp": SOURCE + text})
        self.accepted({"framework/control/detail/peer.hpp": HEADER + text})
        self.refused("asio-header", {"framework/os/reactor.hpp": HEADER + text})
        self.refused("asio-header", {"framework/pool/a.cpp": SOURCE + text})

    def test_header_that_a_public_one_includes_is_public_too(self):
        tree = {
            "framework/ipc/detail/a.hpp": HEADER + "#include <fmt/core.h>\n",
            "framework/ipc/a.hpp": HEADER + '#include "troupe/ipc/detail/a.hpp"\n',
        }
        self.refused("public-header", tree, path="framework/ipc/detail/a.hpp")
        del tree["framework/ipc/a.hpp"]
        self.accepted(tree)


class sizes(Case):
    def test_file_over_the_limit(self):
        self.accepted({"framework/os/a.cpp": SOURCE + "\n" * 400})
        self.refused("file-size", {"framework/os/a.cpp": SOURCE + "\n" * 500})

    def function(self, head, lines):
        return SOURCE + head + " {\n" + "  x();\n" * lines + "}\n"

    def test_function_over_the_limit(self):
        long_heads = (
            "void f()",
            "thing::thing(int a) : a_{a}, b_{a} ",
            "template<class T> auto f(T x) -> int",
            "namespace a { class b { int c() const noexcept override",
            "const auto f = [](int x)",
            "BOOST_AUTO_TEST_SUITE(a)\n\nBOOST_AUTO_TEST_CASE(b)",
        )
        for head in long_heads:
            self.accepted({"framework/os/a.cpp": self.function(head, 60)})
            self.refused("function-size", {"framework/os/a.cpp": self.function(head, 80)})

    def test_tables_and_namespaces_are_no_functions(self):
        rows = '  {"a{", 1},\n' * 90
        text = "namespace a {\n" + "constexpr row table[] = {\n" + rows + "};\n}\n"
        self.accepted({"framework/os/a.cpp": SOURCE + text})

    def test_python_function_over_the_limit(self):
        text = "def f():\n" + "    g()\n" * 80
        self.refused("function-size", {"tools/a.py": text}, line=1)


class headers(Case):
    def test_first_line_and_pragma(self):
        self.refused("first-line", {"framework/os/a.cpp": "#include <vector>\n"})
        self.refused("pragma-once", {"framework/os/a.hpp": SOURCE})
        self.refused("pragma-once", {"tests/support/a.hpp": SOURCE})

    def test_public_class_says_its_five_facts(self):
        body = "namespace troupe {\n\n{facts}{head} {\npublic:\n  int f();\n};\n\n}\n"
        heads = "class a", "template<class T>\nclass [[nodiscard]] a", "class a final : public b"
        for head in heads:
            bare = HEADER + body.replace("{head}", head)
            self.accepted({"framework/os/a.hpp": bare.replace("{facts}", FACTS)})
            narrowed = FACTS.replace("Crash:", "Crash (of the child):")
            self.accepted({"framework/os/a.hpp": bare.replace("{facts}", narrowed)})
            self.refused("class-facts", {"framework/os/a.hpp": bare.replace("{facts}", "")})
            self.refused(
                "class-facts",
                {"framework/os/a.hpp": bare.replace("{facts}", FACTS.replace("Blocks:", "Waits:"))},
            )

    def test_facts_have_one_order(self):
        facts = "/// Lives in: a. Blocks: a. Threads: a. Crash: a. Errors: a.\n"
        self.refused("class-facts", {"framework/os/a.hpp": HEADER + facts + "class a {};\n"})

    def test_plain_and_private_types_need_no_facts(self):
        exempt = (
            "struct a { int b; };\n",
            "enum class a { b, c };\n",
            "class a;\n",
            "class lost : public error {};\n",
            "namespace troupe::detail { class a {}; }\n",
            "struct a { class b {}; };\n",
            "template<>\nclass a<void> {};\n",
        )
        for text in exempt:
            self.accepted({"framework/os/a.hpp": HEADER + text})
        self.accepted({"framework/os/detail/a.hpp": HEADER + "class a {};\n"})


class memory_comments(Case):
    def test_sync_has_a_partner(self):
        one = "int a; // SYNC(tail): pairs with the reader.\n"
        self.refused("sync-comment", {"framework/os/a.cpp": SOURCE + one}, line=3)
        self.accepted({"framework/os/a.cpp": SOURCE + one, "framework/os/b.cpp": SOURCE + one})
        self.accepted({"framework/os/a.cpp": SOURCE + "int a; // SYNC(none): a hint.\n"})

    def test_crash_says_what_the_reader_sees_and_has_its_own_number(self):
        good = "f(); // CRASH(1): reader sees an empty slot.\ng(); // CRASH(2): reader sees it.\n"
        self.accepted({"framework/os/a.cpp": SOURCE + good})
        self.refused("crash-comment", {"framework/os/a.cpp": SOURCE + "f(); // CRASH(1)\n"})
        self.refused("crash-comment", {"framework/os/a.cpp": SOURCE + good.replace("2", "1")})


class words_and_waits(Case):
    def test_tests_do_not_sleep(self):
        for call in ("std::this_thread::sleep_for(1s);", "::usleep(10);", "sleep(1);"):
            self.refused("no-sleep", {"tests/os/a_test.cpp": f"void f() {{ {call} }}\n"})
        self.refused("no-sleep", {"tests/a.py": "import time\ntime.sleep(1)\n"}, line=2)
        self.refused("no-sleep", {"tests/a.sh": "while true; do sleep 1; done\n"})

    def test_speaking_of_sleep_is_allowed(self):
        text = 'const char* a = "sleep(1)"; // sleep(1) is refused here\nfutex_sleepers(1);\n'
        self.accepted({"tests/os/a_test.cpp": text})

    def test_threads_are_made_in_one_place(self):
        for code in ("std::thread t{[] {}};", "std::thread{[] {}};", "auto a = std::async(f);"):
            self.refused("own-thread", {"framework/os/a.cpp": SOURCE + f"void f() {{ {code} }}\n"})
        self.accepted({"framework/os/a.cpp": SOURCE + "std::thread thread_;\n"})
        self.accepted({"tests/os/a_test.cpp": "std::thread t{[] {}};\n"})

    def test_words_that_stay_out(self):
        for word in ("/wor_k/main", "TOD_O: later", "FIXM_E", "/hom_e/ann/a", "pyp_i.org"):
            text = f"see {word.replace('_', '')} there\n"
            self.refused("words", {"docs/a.md": text}, line=1)
        good = "TOD_O(futex): needs Linux 6.7. See framework/work/a and a/home/b.\n"
        self.accepted({"docs/a.md": good.replace("_", "")})


class excuses(Case):
    TREE = {"framework/pool/a.cpp": SOURCE + "#include <unistd.h>\n"}

    def test_excuse_silences_one_rule_in_one_file(self):
        allowed = {("kernel-header", "framework/pool/a.cpp"): "made up"}
        self.assertEqual(findings(self.TREE, allowed), [])

    def test_excuse_that_is_not_needed(self):
        allowed = {("file-size", "framework/pool/a.cpp"): "made up"}
        self.assertIn("tools/check_tree.py:1: allowed", findings(self.TREE, allowed))


class scanner(unittest.TestCase):
    def test_blank_keeps_lines_and_length(self):
        text = "a('\"'); // b {\nR\"x(\n{)x\"; 1'000; /* {\n */ \"{\\\"\"\n"
        blanked = cpp_scan.blank(text)
        self.assertEqual(len(blanked), len(text))
        self.assertEqual(blanked.count("\n"), text.count("\n"))
        self.assertNotIn("{", blanked)

    def test_functions_have_their_lines(self):
        text = "int a() {\n  if (x) {\n  }\n}\n\nstruct b {\n  void c()\n  {\n  }\n};\n"
        found = [(f.first_line, f.last_line) for f in cpp_scan.structure(text)[0]]
        self.assertEqual(found, [(1, 4), (8, 9)])


def tearDownModule():
    missing = set(check_tree.NAMES) - RULES_SEEN
    assert not missing, f"no test has seen these rules fail: {sorted(missing)}"
    unknown = RULES_SEEN - set(check_tree.NAMES)
    assert not unknown, f"these rules are not described in check_tree.NAMES: {sorted(unknown)}"


if __name__ == "__main__":
    unittest.main()
