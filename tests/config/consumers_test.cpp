// Goal: nothing is accepted and ignored: every key of the table has somebody who acts on it.
// Method: for each key, the expression with which that is done, looked for in the sources of the
// framework, the actors and the command. The translation into plain specs does not count: a value
// that is only handed on has had no effect yet.

#include "troupe/config/keys.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace troupe::config {
namespace {

namespace fs = std::filesystem;

// Each stands for itself in `where`; `how` is a regular expression that whoever reads it has.
struct consumer {
  std::string_view key;
  std::string_view how;
};

constexpr consumer in_the_program[] = {
    {"name", R"(spec_?\.name)"},
    {"env", R"(options\.env)"},
    {"env_file", R"(spec_?\.env_files)"},
    {"control.socket", R"(wanted\.socket)"},
    {"control.mode", R"(wanted\.mode)"},
    {"control.enabled", R"(wanted\.enabled)"},
    {"shutdown.timeout", R"(shutdown_timeout\b)"},
    {"channels.NAME.type", R"(spec\(\)\.type)"},
    {"channels.NAME.capacity", R"(spec_\.capacity)"},
    {"channels.NAME.max_bytes", R"(spec_\.max_bytes)"},
    {"channels.NAME.max_message_bytes", R"(spec\(\)\.max_message_bytes)"},
    {"channels.NAME.when_full", R"(spec_\.policy)"},
    {"channels.NAME.external", R"(channels\[i\]\.is_external)"},
    {"pools.NAME.worker", R"(worker\.name\b)"},
    {"pools.NAME.module", R"(worker\.module\b)"},
    {"pools.NAME.command", R"(list\("command"\))"},
    {"pools.NAME.shell", R"(list\("command"\))"},
    {"pools.NAME.builtin", R"(worker\.name\b)"},
    {"pools.NAME.args", R"(settings_\.argv)"},
    {"pools.NAME.config", R"(config_json\b)"},
    {"pools.NAME.replicas", R"(settings_\.replicas)"},
    {"pools.NAME.input", R"(stage\.inputs)"},
    {"pools.NAME.inputs", R"(stage\.inputs)"},
    {"pools.NAME.output", R"(stage\.outputs)"},
    {"pools.NAME.outputs", R"(stage\.outputs)"},
    {"pools.NAME.order", R"(spec_?\.order )"},
    {"pools.NAME.max_in_flight", R"(spec_\.max_in_flight)"},
    {"pools.NAME.message_timeout", R"(\*spec_\.message_timeout)"},
    {"pools.NAME.dead_letter", R"(dead_letter\.empty\(\))"},
    {"pools.NAME.on_error", R"("on_error")"},
    {"pools.NAME.checkpoint.messages", R"(checkpoint\.messages)"},
    {"pools.NAME.checkpoint.period", R"(checkpoint\.period)"},
    {"pools.NAME.retry.max_attempts", R"(retry\.max_attempts)"},
    {"pools.NAME.retry.backoff.initial", R"(\bbackoff_initial\.count)"},
    {"pools.NAME.retry.backoff.max", R"(\bbackoff_max\.count)"},
    {"pools.NAME.retry.backoff.factor", R"(\*= factor\b|\* factor\b)"},
    {"pools.NAME.retry.backoff.jitter", R"(clamp\(jitter)"},
    {"pools.NAME.protocol.mode", R"(text\("mode")"},
    {"pools.NAME.restart.policy", R"(spec_\.type\b|spec_\.policy\b)"},
    {"pools.NAME.restart.intensity", R"(spec_\.intensity)"},
    {"pools.NAME.restart.period", R"(spec_\.period)"},
    {"pools.NAME.restart.on_exhausted", R"(spec_\.parks_when_exhausted)"},
    {"pools.NAME.restart.success_exit", R"(spec_\.success_exit)"},
    {"pools.NAME.restart.prevent_exit", R"(spec_\.prevent_exit)"},
    {"pools.NAME.restart.force_exit", R"(spec_\.force_exit)"},
    {"pools.NAME.restart.backoff.initial", R"(spec_\.initial)"},
    {"pools.NAME.restart.backoff.max", R"(spec_\.max)"},
    {"pools.NAME.restart.backoff.factor", R"(spec_\.factor)"},
    {"pools.NAME.restart.backoff.jitter", R"(spec_\.jitter)"},
    {"pools.NAME.restart.backoff.reset_after", R"(spec_\.reset_after)"},
    {"pools.NAME.start.timeout", R"(start\.timeout)"},
    {"pools.NAME.start.stagger", R"(start\.stagger)"},
    {"pools.NAME.start.method", R"(start\.method)"},
    {"pools.NAME.stop.signal", R"(\(stop\.signal)"},
    {"pools.NAME.stop.final_signal", R"(\(stop\.final_signal)"},
    {"pools.NAME.stop.timeout", R"(spec_\.timeout)"},
    {"pools.NAME.stop.drain", R"(spec_\.drain)"},
    {"pools.NAME.stop.scope", R"(stop\.scope)"},
    {"pools.NAME.recycle.max_messages", R"(messages_max)"},
    {"pools.NAME.recycle.max_age", R"(limits\.age_max)"},
    {"pools.NAME.recycle.max_memory", R"(limits\.memory_max_bytes)"},
    {"pools.NAME.recycle.jitter", R"(limits\.jitter)"},
    {"pools.NAME.env", R"(options\.env)"},
    {"pools.NAME.env_file", R"(options\.env)"},
    {"pools.NAME.clear_env", R"(options\.clear_env)"},
    {"pools.NAME.working_dir", R"(options\.working_dir)"},
    {"pools.NAME.log.stdout", R"(options\.out\b)"},
    {"pools.NAME.log.stderr", R"(options\.err\b)"},
    {"pools.NAME.limits.LIMIT.soft", R"(limit\.soft)"},
    {"pools.NAME.limits.LIMIT.hard", R"(limit\.hard)"},
};

// What is right and has no effect beyond the file, with the reason.
const std::map<std::string_view, std::string_view> in_the_file{
    {"version", "another one is refused"},
    {"description", "for people; validate --print shows it"},
    {"vars", "expanded by the loader"},
    {"channels.NAME.delivery", "what is not so is refused"},
    {"pools.NAME.description", "for people; validate --print shows it"},
    {"pools.NAME.enabled", "the translation leaves the others out"},
    {"pools.NAME.protocol.framing", "one word: the only framing there is"},
    {"pools.NAME.protocol.codec", "must be that of the channels"},
    {"pools.NAME.protocol.io", "one word: the only place there is"},
};

bool is_container(const key_row& row) {
  return row.type == value_type::map || row.type == value_type::named_maps;
}

std::string path_to(const key_row& row) {
  const std::string section{path_of(row.in)};
  return section.empty() ? std::string{row.name} : section + '.' + std::string{row.name};
}

std::string sources() {
  std::string all;
  for (const auto* const top : {"framework", "actors", "cli"}) {
    for (const auto& one : fs::recursive_directory_iterator{fs::path{TROUPE_SOURCE_DIR} / top}) {
      const auto& path = one.path();
      const bool is_code = path.extension() == ".cpp" || path.extension() == ".hpp";
      if (!is_code || path.filename() == "translation.cpp") continue;
      std::ifstream in{path};
      // A comment is nobody who reads it.
      for (std::string line; std::getline(in, line);) all += line.substr(0, line.find("//")) + '\n';
    }
  }
  return all;
}

BOOST_AUTO_TEST_SUITE(consumers_suite, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(every_key_is_acted_on_by_somebody) {
  const auto text = sources();
  std::set<std::string> known;
  for (const auto& [key, how] : in_the_program) {
    known.emplace(key);
    const bool is_read = std::regex_search(text, std::regex{std::string{how}});
    BOOST_TEST(is_read,
               key << ": nobody has '" << how << "'; make it act, or refuse it as planned");
  }
  for (const auto& [key, reason] : in_the_file) known.emplace(key);
  for (const auto& row : all_keys()) {
    // A limit is handed to the kernel by its number, all in one line.
    if (row.status == availability::planned || is_container(row) || row.in == section::limits) {
      continue;
    }
    BOOST_TEST(known.erase(path_to(row)) == 1U,
               path_to(row) << " is accepted, and nobody is named who acts on it");
  }
  for (const auto& key : known) BOOST_ERROR(key + " stands here and is no key any more");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config
