// Part of Troupe; see LICENSE.

#include "troupe/cli/load.hpp"

#include "troupe/actors/catalogue.hpp"
#include "troupe/config/env_file.hpp"
#include "troupe/os/standard_streams.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
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
  if (std::ferror(stdin) != 0) return system_failure("cannot be read", errno);
  return text;
}

config::value_type type_of(actors::setting_type type) {
  switch (type) {
  case actors::setting_type::text:
    return config::value_type::text;
  case actors::setting_type::path:
    return config::value_type::path;
  case actors::setting_type::integer:
    return config::value_type::integer;
  case actors::setting_type::boolean:
    return config::value_type::boolean;
  case actors::setting_type::word:
    return config::value_type::word;
  case actors::setting_type::text_list:
    return config::value_type::text_list;
  }
  return config::value_type::any;
}

config::builtin_role role_of(worker_role role) {
  switch (role) {
  case worker_role::source:
    return config::builtin_role::source;
  case worker_role::transform:
    return config::builtin_role::transform;
  case worker_role::aggregation:
    return config::builtin_role::aggregate;
  case worker_role::sink:
    return config::builtin_role::sink;
  }
  return config::builtin_role::transform;
}

config::known_builtins builtins() {
  config::known_builtins out;
  for (const auto& from : actors::builtins()) {
    config::known_builtin made;
    made.name = from.name;
    made.role = role_of(from.role);
    made.input_type = from.input_type;
    made.output_type = from.output_type;
    made.is_single = from.is_single;
    for (const auto& key : from.settings) {
      made.keys.push_back({key.name, type_of(key.type), key.is_required, key.words});
    }
    out.push_back(std::move(made));
  }
  return out;
}

// Types of messages that the worker types of this program read or write.
std::vector<std::string> message_types() {
  std::set<std::string> names;
  for (const auto* one = worker_list(); one != nullptr; one = one->next) {
    for (const auto describe : {one->input, one->output}) {
      if (describe != nullptr) names.insert(describe().name);
    }
  }
  for (const auto* const known : {"", "bytes", "string", "json"}) names.erase(known);
  return {names.begin(), names.end()};
}

config::load_options options_for(const file_arguments& file) {
  config::load_options options;
  options.set = file.set;
  std::error_code problem; // Of a folder that is gone: then there is nothing to be relative to.
  options.set_directory = std::filesystem::current_path(problem).string();
  options.builtins = builtins();
  options.message_types = message_types();
  return options;
}

std::size_t count_errors(const std::vector<config::diagnostic>& findings) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [](const config::diagnostic& one) {
        return one.weight == config::severity::error;
      }));
}

config::load_result read(const file_arguments& file) {
  const auto options = options_for(file);
  if (file.path != "-") return config::load_file(file.path, options);
  auto text = read_stdin();
  if (text) return config::load_text(std::move(*text), "-", "", options);
  config::load_result refused;
  refused.diagnostics.push_back({.code = config::problem::include_failed,
                                 .weight = config::severity::error,
                                 .file = "-",
                                 .at = {},
                                 .path = {},
                                 .message = text.error().message,
                                 .excerpt = {}});
  return refused;
}

} // namespace

config::load_result load(const file_arguments& file) {
  auto out = read(file);
  if (!out.spec) return out;
  auto more = config::check_env_files(*out.spec);
  out.diagnostics.insert(out.diagnostics.end(), std::make_move_iterator(more.begin()),
                         std::make_move_iterator(more.end()));
  return out;
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
