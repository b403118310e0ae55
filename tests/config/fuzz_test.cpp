// Goal: no file, however broken, crashes or hangs the loader; what loads prints to itself.
// Method: random mutations of the samples and of a file with every construct; the seed is printed.

#include "config/load.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

namespace troupe::config::test {
namespace {

std::uint64_t chosen_seed() {
  const char* const given = std::getenv("TROUPE_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

std::vector<std::string> corpus() {
  std::vector<std::string> out;
  for (const auto* const name : {"checksum.yaml", "copy.yaml", "words.yaml"}) {
    std::ostringstream text;
    text << std::ifstream{std::string{TROUPE_SOURCE_DIR "/config/samples/"} + name}.rdbuf();
    out.push_back(text.str());
  }
  out.emplace_back(R"(%YAML 1.2
---
version: 1
x-a: &a { restart: transient, stop: &s { timeout: 5s } }
vars: { a: "${b:-x}", b: 'y', c: "${a}${b}" }
defaults: { pool: { <<: *a, env: { X: "$$1" } } }
channels: { c: { type: json }, d: }
pools:
  one: { <<: [*a], command: "cat 'a b'", input: c, output: d, protocol: { mode: stream } }
  two:
    shell: |
      echo "${TROUPE_POOL}"
    output: [c]
    limits: { nofile: 10, as: { soft: 1, hard: unlimited } }
  ? three
  : worker: !!str w
    stop: *s
    input: d
    config: [1, ~, {a: 2.5}]
...
)");
  return out;
}

class mutator {
public:
  explicit mutator(std::uint64_t seed) : random_{seed} {}

  std::string mutate(std::string text) {
    for (auto count = 1 + below(6); count > 0; --count) mutate_once(text);
    return text;
  }

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

private:
  void mutate_once(std::string& text) {
    static const std::vector<std::string> pieces{"{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 ":",
                                                 ": ",
                                                 "- ",
                                                 "\n",
                                                 "\t",
                                                 "  ",
                                                 "#",
                                                 "&a ",
                                                 "*a",
                                                 "!!",
                                                 "!x ",
                                                 "|",
                                                 ">",
                                                 "'",
                                                 "\"",
                                                 "${",
                                                 "$$",
                                                 "${X}",
                                                 "---\n",
                                                 "...\n",
                                                 "? ",
                                                 "<<: *a",
                                                 ",",
                                                 "%",
                                                 "@",
                                                 "`",
                                                 "\\",
                                                 "~",
                                                 "null",
                                                 "-1",
                                                 "99999999999999999999",
                                                 "10",
                                                 "1e999",
                                                 "\xff",
                                                 "\xc3\xa4",
                                                 std::string(1, '\0'),
                                                 "\r",
                                                 "\xef\xbb\xbf",
                                                 "[[[[[[[[",
                                                 "{{{{{{{{",
                                                 "x: "};
    const auto at = below(text.size() + 1);
    switch (below(6)) {
    case 0:
      text.insert(at, pieces[below(pieces.size())]);
      break;
    case 1:
      text.erase(at, below(8));
      break;
    case 2:
      if (at < text.size()) text[at] = static_cast<char>(below(256));
      break;
    case 3:
      text.insert(at, text.substr(below(text.size() + 1), below(60)));
      break;
    case 4:
      text.resize(at);
      break;
    default:
      swap_lines(text);
      break;
    }
  }

  void swap_lines(std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    if (lines.size() < 2) return;
    std::swap(lines[below(lines.size())], lines[below(lines.size())]);
    text.clear();
    for (const auto& line : lines) text += line + '\n';
  }

  std::mt19937_64 random_;
};

void check_one(const std::string& text, const load_options& options) {
  const auto result = load(text, options);
  BOOST_TEST_REQUIRE(result.spec.has_value() != has_errors(result.diagnostics), "input:\n" << text);
  static_cast<void>(render(result.diagnostics, true));
  static_cast<void>(render_json(result.diagnostics));
  for (const auto& one : result.diagnostics) {
    BOOST_TEST_REQUIRE((one.at.line >= 1 && one.at.column >= 1 && one.at.length >= 1), "input:\n"
                                                                                           << text);
    BOOST_TEST_REQUIRE(!one.message.empty());
  }
  if (!result.spec) return;
  const auto first = to_yaml(*result.spec);
  const auto again = load(first, options_with());
  BOOST_TEST_REQUIRE(again.spec.has_value(), "input:\n"
                                                 << text << "\nprinted:\n"
                                                 << first << render(again.diagnostics));
  BOOST_TEST_REQUIRE(to_yaml(*again.spec) == first, "input:\n" << text);
}

BOOST_AUTO_TEST_SUITE(fuzz_suite, *boost::unit_test::timeout(250))

BOOST_AUTO_TEST_CASE(mutated_files_neither_crash_nor_hang) {
  const auto seed = chosen_seed();
  std::clog << "fuzz seed " << seed << " (repeat with TROUPE_TEST_SEED)\n";
  const char* const wanted = std::getenv("TROUPE_FUZZ_ROUNDS");
  const auto rounds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 3000ULL;
  const auto files = corpus();
  const auto options = options_with({{"X", "1"}});
  mutator mutations{seed};
  BOOST_TEST_CONTEXT("seed " << seed) {
    for (unsigned long long i = 0; i < rounds; ++i) {
      check_one(mutations.mutate(files[mutations.below(files.size())]), options);
    }
  }
}

BOOST_AUTO_TEST_CASE(noise_neither_crashes_nor_hangs) {
  const auto seed = chosen_seed();
  const std::string letters = " \n\t:-{}[],&*!|>'\"%@`#?~<$abc01";
  mutator mutations{seed};
  BOOST_TEST_CONTEXT("seed " << seed) {
    for (int i = 0; i < 2000; ++i) {
      std::string text;
      for (auto n = mutations.below(120); n > 0; --n)
        text += letters[mutations.below(letters.size())];
      check_one(text, options_with());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config::test
