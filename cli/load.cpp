// Part of Troupe; see LICENSE.

#include "troupe/cli/load.hpp"

#include "troupe/os/standard_streams.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>
#include <iterator>

namespace troupe::cli {

namespace {

// A configuration is smaller; this is for `troupe run - < /dev/zero`.
constexpr std::size_t stdin_bytes_max = std::size_t{16} << 20;

std::string read_stdin() {
  std::string text;
  char block[65536];
  while (text.size() <= stdin_bytes_max && std::cin.read(block, sizeof block).gcount() > 0) {
    text.append(block, static_cast<std::size_t>(std::cin.gcount()));
  }
  return text;
}

config::load_options options_for(const file_arguments& file) {
  config::load_options options;
  options.set = file.set;
  return options;
}

} // namespace

config::load_result load(const file_arguments& file) {
  const auto options = options_for(file);
  if (file.path != "-") return config::load_file(file.path, options);
  return config::load_text(read_stdin(), "-", "", options);
}

bool has_colour_on_stderr() {
  const char* refused = std::getenv("NO_COLOR"); // https://no-color.org
  const bool is_refused = refused != nullptr && refused[0] != '\0';
  return !is_refused && os::is_terminal(2);
}

void show(const std::vector<config::diagnostic>& findings) {
  if (findings.empty()) return;
  (void)os::write_all(2, config::render(findings, has_colour_on_stderr()));
}

std::string findings_json(const std::string& file, bool is_ok,
                          const std::vector<config::diagnostic>& findings) {
  std::size_t errors = 0;
  for (const auto& one : findings) {
    if (one.weight == config::severity::error) ++errors;
  }
  nlohmann::ordered_json out{{"file", file},
                             {"ok", is_ok},
                             {"errors", errors},
                             {"warnings", findings.size() - errors}};
  out["diagnostics"] = nlohmann::ordered_json::parse(config::render_json(findings));
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace troupe::cli
