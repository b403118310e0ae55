// Part of Troupe; see LICENSE.

#include "troupe/cli/load.hpp"

#include "troupe/os/standard_streams.hpp"
#include "troupe/runtime/read_config.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace troupe::cli {

namespace {

// A configuration is smaller; this is for `troupe run - < /dev/zero`.
constexpr std::size_t stdin_bytes_max = std::size_t{16} << 20;

expected<std::string> read_stdin() {
  std::string text;
  char block[65536];
  while (text.size() <= stdin_bytes_max) {
    const auto size = std::fread(block, 1, sizeof block, stdin);
    if (size == 0) break;
    text.append(block, size);
  }
  if (std::ferror(stdin) != 0) {
    auto problem = system_failure("cannot be read", errno);
    problem.message += "; give the file by its name, or send its text: 'troupe run - < FILE'";
    return problem;
  }
  return text;
}

std::size_t count_errors(const std::vector<config::diagnostic>& findings) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [](const config::diagnostic& one) {
        return one.weight == config::severity::error;
      }));
}

} // namespace

config::load_result load(const file_arguments& file) {
  if (file.path != "-") return read_config(file.path, file.set);
  auto text = read_stdin();
  const std::string name{config::stdin_name};
  if (text) return read_config_text(std::move(*text), name, file.set);
  config::load_result refused;
  refused.diagnostics.push_back({.code = config::problem::include_failed,
                                 .weight = config::severity::error,
                                 .file = name,
                                 .at = {},
                                 .path = {},
                                 .message = text.error().message,
                                 .excerpt = {}});
  return refused;
}

bool is_dumb_terminal() {
  const char* kind = std::getenv("TERM");
  return kind == nullptr || kind[0] == '\0' || std::string_view{kind} == "dumb";
}

bool has_colour_on_stderr() {
  const char* refused = std::getenv("NO_COLOR"); // https://no-color.org
  const bool is_refused = refused != nullptr && refused[0] != '\0';
  return !is_refused && !is_dumb_terminal() && os::is_terminal(2);
}

void show(const std::vector<config::diagnostic>& findings) {
  if (findings.empty()) return;
  const auto counted = [](std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  const auto errors = count_errors(findings);
  const auto warnings = findings.size() - errors;
  auto total = errors > 0 ? counted(errors, "error") : std::string{};
  if (warnings > 0) total += (total.empty() ? "" : ", ") + counted(warnings, "warning");
  (void)os::write_all(2,
                      config::render(findings, has_colour_on_stderr()) + "troupe: " + total + "\n");
}

std::string findings_json(const std::string& file, bool is_ok,
                          const std::vector<config::diagnostic>& findings) {
  const auto errors = count_errors(findings);
  nlohmann::ordered_json out{
      {"file", file}, {"ok", is_ok}, {"errors", errors}, {"warnings", findings.size() - errors}};
  out["diagnostics"] = nlohmann::ordered_json::parse(config::render_json(findings));
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace troupe::cli
