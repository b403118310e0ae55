// Goal: the table of keys is the one truth: the reader knows every key that it says is there, the
// documentation lists exactly those, and hints never lead to something that is not in it.
// Method: the table itself is walked.

#include "troupe/config/keys.hpp"

#include "config/load.hpp"

#include "troupe/config/detail/foreign_terms.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace troupe::config::test {
namespace {

// Puts `key: value` where the section stands in a file that is otherwise right.
std::string file_with(section in, std::string_view key, const std::string& value) {
  const auto entry = std::string{key} + ": " + value;
  const auto in_pool = [&](const std::string& inner) {
    if (key == "worker") return "version: 1\npools:\n  a: { " + inner + " }\n";
    return "version: 1\npools:\n  a: { worker: w, " + inner + " }\n";
  };
  switch (in) {
  case section::top:
    if (key == "version") return entry + '\n';
    return "version: 1\n" + entry + "\nx-pools: {a: {worker: w}}\n";
  case section::channel:
    return "version: 1\nchannels: { c: { " + entry + " } }\npools: { a: { worker: w } }\n";
  case section::pool:
    return in_pool(entry);
  default:
    break;
  }
  // pools.NAME.restart.backoff -> restart: { backoff: { ... } }
  auto path = std::string{path_of(in)};
  for (const std::string prefix : {"pools.NAME.", "channels.NAME."}) {
    if (path.starts_with(prefix)) path.erase(0, prefix.size());
  }
  std::string open;
  std::string close;
  std::istringstream parts{path};
  for (std::string part; std::getline(parts, part, '.');) {
    open += part + ": { ";
    close += " }";
  }
  if (std::string_view{path_of(in)}.starts_with("pools.")) return in_pool(open + entry + close);
  return "version: 1\n" + open + entry + close + "\npools: { a: { worker: w } }\n";
}

bool mentions(const std::vector<std::string>& lines, std::string_view what) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

// Sections that a file of this build can reach.
bool is_reachable(section in) {
  if (in == section::top || in == section::defaults) return true;
  return std::any_of(all_keys().begin(), all_keys().end(), [&](const key_row& row) {
    const bool has_inner = row.type == value_type::map || row.type == value_type::named_maps;
    return has_inner && row.inner == in && row.status == availability::here;
  });
}

BOOST_AUTO_TEST_SUITE(keys_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(no_key_stands_twice_in_a_section) {
  std::set<std::pair<section, std::string_view>> seen;
  for (const auto& row : all_keys()) {
    BOOST_TEST(seen.emplace(row.in, row.name).second, path_of(row.in) << '.' << row.name);
  }
}

BOOST_AUTO_TEST_CASE(every_key_of_this_build_is_read) {
  // A list in a list is wrong for every type: whoever reads the key complains about it.
  for (const auto& row : all_keys()) {
    if (row.status != availability::here || row.in == section::limit || row.in == section::defaults)
      continue;
    if (row.type == value_type::any) continue; // Right with everything, or told in other words.
    const auto path = row.in == section::top ? std::string{row.name} : '.' + std::string{row.name};
    const auto lines = headlines(file_with(row.in, row.name, "[[x]]"));
    const bool is_told = std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(path) != std::string::npos && line.find("expected ") != std::string::npos;
    });
    BOOST_TEST(is_told, path_of(row.in)
                            << '.' << row.name << " is in the table and nobody reads it");
  }
}

BOOST_AUTO_TEST_CASE(every_planned_key_is_refused_and_not_unknown) {
  for (const auto& row : all_keys()) {
    if (row.status != availability::planned || !is_reachable(row.in)) continue;
    const auto lines = headlines(file_with(row.in, row.name, "x"));
    BOOST_TEST(mentions(lines, "error[T022]"), path_of(row.in) << '.' << row.name);
    BOOST_TEST(!mentions(lines, std::string{row.name} + ": unknown key"), path_of(row.in)
                                                                              << '.' << row.name);
  }
}

BOOST_AUTO_TEST_CASE(every_word_of_the_table_is_accepted) {
  for (const auto& row : all_keys()) {
    if (row.status != availability::here) continue;
    for (const auto word : words_in(row.words)) {
      const auto lines = headlines(file_with(row.in, row.name, std::string{word}));
      const bool is_refused = mentions(lines, "T006") || mentions(lines, "T004: ");
      BOOST_TEST(!is_refused, path_of(row.in) << '.' << row.name << ": " << word);
    }
    for (const auto word : words_in(row.planned_words)) {
      BOOST_TEST(mentions(headlines(file_with(row.in, row.name, std::string{word})), "T022"),
                 path_of(row.in) << '.' << row.name << ": " << word);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_key_of_another_section_is_sent_there) {
  BOOST_TEST(explain_unknown_key(section::pool, "signal") ==
             "unknown key; it belongs under 'stop'");
  BOOST_TEST(explain_unknown_key(section::pool, "nofile") ==
             "unknown key; it belongs under 'limits'");
  BOOST_TEST(explain_unknown_key(section::checkpoint, "zzzz") ==
             "unknown key; known here: messages, period");
}

BOOST_AUTO_TEST_CASE(foreign_words_count_only_where_ours_could_stand) {
  BOOST_TEST(explain_unknown_key(section::pool, "concurrency") ==
             "unknown key; Troupe calls this 'replicas'");
  BOOST_TEST(explain_unknown_key(section::top, "services") ==
             "unknown key; Troupe calls this 'pools'");
  BOOST_TEST(explain_unknown_key(section::pool, "prefetch") ==
             "unknown key; Troupe calls this 'max_in_flight'");
  BOOST_TEST(explain_unknown_key(section::shutdown, "concurrency") ==
             "unknown key; known here: timeout");
}

// A hint that leads to the next error is worse than none: follow each of them.
BOOST_AUTO_TEST_CASE(hints_of_foreign_words_lead_to_a_key_that_works_or_say_that_none_does) {
  for (const auto in : {section::top, section::channel, section::pool}) {
    for (const auto& theirs : detail::foreign_words()) {
      const auto hint = explain_unknown_key(in, theirs);
      const auto begin = hint.find("Troupe calls this '");
      if (begin == std::string::npos) continue;
      const auto name_begin = begin + std::string_view{"Troupe calls this '"}.size();
      auto path = std::string_view{hint}.substr(name_begin);
      path = path.substr(0, path.find('\''));
      auto at = in;
      bool is_here = true;
      while (is_here && !path.empty()) {
        const auto dot = std::min(path.find('.'), path.size());
        const auto* const row = find_key(at, path.substr(0, dot));
        BOOST_REQUIRE_MESSAGE(row != nullptr, theirs << " leads to a key that does not exist");
        is_here = row->status == availability::here;
        at = row->inner;
        path.remove_prefix(std::min(dot + 1, path.size()));
      }
      const bool says_planned = hint.find("planned") != std::string::npos;
      BOOST_TEST(is_here == !says_planned, theirs << ": " << hint);
    }
  }
  BOOST_TEST(explain_unknown_key(section::pool, "healthcheck") ==
             "unknown key; Troupe calls this 'probes', which is planned and not in this build; "
             "remove it");
  BOOST_TEST(explain_unknown_key(section::pool, "stdout_logfile") ==
             "unknown key; Troupe calls this 'log.stdout'; in this build its value is prefix, "
             "inherit or null; for a file, redirect what troupe writes");
}

// TROUPE_UPDATE_DOCS=1 in the environment writes the page instead of checking it.
BOOST_AUTO_TEST_CASE(the_documentation_lists_the_keys_of_this_build) {
  constexpr std::string_view begin_mark = "<!-- keys: begin -->\n";
  const std::string path = TROUPE_SOURCE_DIR "/docs/yaml.md";
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  auto page = text.str();
  const auto begin = page.find(begin_mark);
  const auto end = page.find("<!-- keys: end -->");
  BOOST_REQUIRE(begin != std::string::npos);
  BOOST_REQUIRE(end != std::string::npos);
  const auto body = begin + begin_mark.size();
  if (std::getenv("TROUPE_UPDATE_DOCS") != nullptr) {
    std::ofstream{path} << page.replace(body, end - body, describe_keys());
    return;
  }
  const bool is_current = page.substr(body, end - body) == describe_keys();
  BOOST_TEST(is_current, "docs/yaml.md is out of date; run TROUPE_UPDATE_DOCS=1 config_test");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config::test
