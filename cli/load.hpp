// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/cli/arguments.hpp"
#include "troupe/config/loader.hpp"

#include <string>
#include <vector>

namespace troupe::cli {

/// Reads and checks the file, with the builtins and worker types of this program.
[[nodiscard]] config::load_result load(const file_arguments& file);

/// Writes the findings for people to stderr, in colours when it is a terminal.
void show(const std::vector<config::diagnostic>& findings);

/// `{"file", "ok", "errors", "warnings", "diagnostics": [...]}` in one line.
[[nodiscard]] std::string findings_json(const std::string& file, bool is_ok,
                                        const std::vector<config::diagnostic>& findings);

/// Whether descriptor 2 is for eyes: a terminal, and NO_COLOR is not set.
[[nodiscard]] bool has_colour_on_stderr();

} // namespace troupe::cli
