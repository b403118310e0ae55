// Goal: what is not YAML, or YAML that could hurt, ends in T001 at the right place; the rest of
// YAML that people use (anchors, merge keys, block text) works.
// Method: small files; first lines are compared, hostile ones only have to end.

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::config::test {
namespace {

// The first line of the only error; what comes before and behind `body` is right.
std::string only_error(const std::string& text) {
  const auto all = headlines(text);
  BOOST_REQUIRE_MESSAGE(all.size() == 1U, render(load(text).diagnostics));
  return all[0];
}

BOOST_AUTO_TEST_SUITE(syntax_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(an_unquoted_reference_in_braces_is_told_to_be_quoted) {
  const std::string rest =
      " error[T001]: the braces of ${X} end the value; quote \"${X}\" inside { }";
  BOOST_TEST(only_error("version: 1\npools:\n  a: { worker: ${X} }\n") == "t.yaml:3:16:" + rest);
  BOOST_TEST(only_error("version: 1\npools:\n  a: {\n    worker: ${X} }\n") ==
             "t.yaml:4:13:" + rest);
}

BOOST_AUTO_TEST_CASE(an_unquoted_reference_outside_braces_is_fine) {
  const auto spec =
      must_load("version: 1\npools:\n  a:\n    worker: ${X}\n", options_with({{"X", "w"}}));
  BOOST_TEST(spec.pools[0].worker == "w");
}

BOOST_AUTO_TEST_CASE(tabs_cannot_indent) {
  BOOST_TEST(only_error("version: 1\npools:\n  a:\n\tworker: w\n") ==
             "t.yaml:4:1: error[T001]: this line is indented with a tab; use spaces");
}

BOOST_AUTO_TEST_CASE(brackets_and_quotes_must_be_closed) {
  BOOST_TEST(only_error("version: 1\npools:\n  a: { worker: w\n") ==
             "t.yaml:3:6: error[T001]: this bracket is never closed");
  BOOST_TEST(only_error("version: 1\nname: \"x\npools:\n  a: { worker: w }\n") ==
             "t.yaml:2:7: error[T001]: this quote is never closed");
  BOOST_TEST(only_error("version: 1\nname: 'it''s\npools: {}\n") ==
             "t.yaml:2:7: error[T001]: this quote is never closed");
  BOOST_TEST(only_error("version: 1\npools: { a: { worker: w restart: never } }\n") ==
             "t.yaml:2:32: error[T001]: a ',' or '}' is missing before this");
}

BOOST_AUTO_TEST_CASE(common_slips_get_plain_words) {
  BOOST_TEST(
      only_error("version: 1\ndescription: a: b\n") ==
      "t.yaml:2:15: error[T001]: a ':' where no value can begin; quote a text that contains ': '");
  BOOST_TEST(only_error("version: 1\npools:\n    a: { worker: w }\n  b: { worker: w }\n") ==
             "t.yaml:4:3: error[T001]: this line fits no map that is open; check its indentation");
  BOOST_TEST(
      only_error("version: 1\nname: @x\n") ==
      "t.yaml:2:7: error[T001]: no YAML value can begin with this character; quote the text");
  BOOST_TEST(only_error("version: 1\nname: *x\n") ==
             "t.yaml:2:7: error[T001]: this alias names an anchor that is not defined above");
  BOOST_TEST(only_error("version: 1\nname: !env x\n") ==
             "t.yaml:2:7: error[T001]: the tag '!env' means nothing to Troupe; remove it");
  BOOST_TEST(only_error("version: 1\n? [a]\n: b\n") ==
             "t.yaml:2:3: error[T001]: a key must be plain text, not a list");
}

BOOST_AUTO_TEST_CASE(one_document_per_file) {
  BOOST_TEST(only_error("version: 1\npools: {a: {worker: w}}\n---\nversion: 1\n") ==
             "t.yaml:3:1: error[T001]: more than one document; Troupe reads one per file: remove "
             "'---' and what "
             "follows, or split the file");
  BOOST_TEST(headlines("%YAML 1.2\n---\nversion: 1\npools: {a: {worker: w}}\n...\n").empty());
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_told_how_to_begin) {
  for (const auto* const text : {"", "# nothing\n", "\n\n"}) {
    BOOST_TEST(only_error(text) ==
               "t.yaml:1:1: error[T007]: version: the file is empty; begin with 'version: 1'");
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_refused) {
  BOOST_TEST(only_error("version: 1\nname: \xff\n") ==
             "t.yaml:2:7: error[T001]: byte 0xFF is not UTF-8; save the file as UTF-8");
  BOOST_TEST(only_error("version: 1\nname: ä\xc3\n") ==
             "t.yaml:2:8: error[T001]: byte 0xC3 is not UTF-8; save the file as UTF-8");
  BOOST_TEST(only_error("version: 1\nname: \xed\xa0\x80\n") ==
             "t.yaml:2:7: error[T001]: byte 0xED is not UTF-8; save the file as UTF-8");
  BOOST_TEST(
      only_error("version: 1\nname: x\x04y\n") ==
      "t.yaml:2:8: error[T001]: control character 0x04; write it as \"\\x04\" in double quotes");
  BOOST_TEST(
      only_error(std::string("v\0", 2)) ==
      "t.yaml:1:2: error[T001]: control character 0x00; write it as \"\\x00\" in double quotes");
}

BOOST_AUTO_TEST_CASE(aliases_that_never_end_are_refused) {
  const std::string rest =
      " error[T001]: the alias stands inside the value that it repeats; a loop has no end";
  BOOST_TEST(only_error("version: 1\nx-a: &a [*a]\n") == "t.yaml:2:10:" + rest);
  BOOST_TEST(only_error("version: 1\nx-a: &a\n  b:\n    c: *a\n") == "t.yaml:4:8:" + rest);
}

BOOST_AUTO_TEST_CASE(aliases_that_multiply_are_refused) {
  std::string text = "version: 1\nx-0: &a0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 30; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    text += "x-" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int n = 0; n < 9; ++n) text += ", " + before;
    text += "]\n";
  }
  const auto all = headlines(text);
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(all[0].find("error[T001]: more than 100000 values once aliases are expanded") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(long_texts_cannot_be_multiplied_by_aliases) {
  std::string text = "version: 1\nx-0: &a \"" + std::string(30'000, 'x') + "\"\nx-1: [*a";
  for (int i = 0; i < 5000; ++i) text += ", *a";
  BOOST_TEST(headlines(text + "]\n").at(0).find("error[T001]: more than 100000 values") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(depth_length_and_size_are_bounded) {
  BOOST_TEST(only_error("version: 1\nx: " + std::string(5000, '[')).find("error[T001]") !=
             std::string::npos);
  BOOST_TEST(only_error("version: 1\nname: " + std::string(40'000, 'x') + "\n") ==
             "t.yaml:2:1: error[T001]: the line is longer than 32768 bytes; break it");
  std::string lines = "version: 1\n";
  while (lines.size() <= 1024 * 1024) lines += "# a comment that says nothing at all\n";
  BOOST_TEST(only_error(lines) == "t.yaml:1:1: error[T001]: the file is larger than 1048576 bytes");
  std::string keys = "version: 1\nx-many:\n";
  for (int i = 0; i < 6000; ++i) keys += "  k" + std::to_string(i) + ": 1\n";
  BOOST_TEST(only_error(keys) == "t.yaml:5003:3: error[T001]: more than 5000 keys in one map");
  std::string pools = "version: 1\npools:\n";
  for (int i = 0; i < 1001; ++i) pools += "  p" + std::to_string(i) + ": {worker: w}\n";
  BOOST_TEST(only_error(pools) == "t.yaml:2:1: error[T005]: pools: at most 1000 are allowed");
}

BOOST_AUTO_TEST_CASE(anchors_and_merge_keys_share_settings) {
  const auto spec = must_load(R"(version: 1
x-life: &life
  restart: transient
  stop: { timeout: 3s }
x-env: &env { env: { A: "1" }, replicas: 7 }
pools:
  one: { <<: *life, worker: w }
  two:
    <<: [*life, *env]
    worker: w
    stop: &stop { timeout: 9s }
  three: { worker: w, stop: *stop }
)");
  BOOST_TEST((spec.pools[0].restart.policy == restart_type::transient));
  BOOST_TEST((spec.pools[0].stop.timeout == std::chrono::seconds{3}));
  BOOST_TEST((spec.pools[1].restart.policy == restart_type::transient));
  BOOST_TEST((spec.pools[1].stop.timeout == std::chrono::seconds{9})); // Its own wins.
  BOOST_TEST(*spec.pools[1].replicas == 7U);
  BOOST_TEST(spec.pools[1].env.at("A") == "1");
  BOOST_TEST((spec.pools[2].stop.timeout == std::chrono::seconds{9}));
}

BOOST_AUTO_TEST_CASE(a_mistake_behind_an_anchor_is_told_once) {
  check_headlines("version: 1\nx-a: &a { timeout: 10 }\npools:\n  a: { worker: w, stop: *a }\n  b: "
                  "{ worker: w, stop: *a }\n",
                  {"t.yaml:2:20: error[T014]: pools.a.stop.timeout: '10' has no unit; write 10s"});
}

BOOST_AUTO_TEST_CASE(block_text_is_kept_with_its_lines) {
  const auto spec =
      must_load("version: 1\npools:\n  a:\n    shell: |\n      echo 'a: b' # c\n      exit 3\n");
  BOOST_TEST(spec.pools[0].shell == "echo 'a: b' # c\nexit 3\n");
}

BOOST_AUTO_TEST_CASE(an_anchor_is_not_underlined_as_part_of_its_value) {
  BOOST_TEST(only_error("version: 1\npools: { a: { worker: w, replicas: &n two } }\n") ==
             "t.yaml:2:39: error[T004]: pools.a.replicas: expected an integer or auto, got 'two'");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config::test
