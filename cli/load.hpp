// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/cli/arguments.hpp"
#include "troupe/config/loader.hpp"

#include <string>
#include <vector>

namespace troupe::cli {

/// Reads and checks the file, with the builtins and worker types of this program.
[[nodiscard]] config::load_result load(const file_arguments& file);

/// Writes the findings for people to stderr, and how many there are, in colours when it is a
/// terminal.
void show(const std::vector<config::diagnostic>& findings);

/// `{"file", "ok", "errors", "warnings", "diagnostics": [...]}` in one line.
[[nodiscard]] std::string findings_json(const std::string& file, bool is_ok,
                                        const std::vector<config::diagnostic>& findings);

/// Whether the terminal, if there is one, knows no control sequences: TERM is dumb or not set.
[[nodiscard]] bool is_dumb_terminal();

/// Whether descriptor 2 is for eyes: a terminal that knows colours, and NO_COLOR is not set.
[[nodiscard]] bool has_colour_on_stderr();

} // namespace troupe::cli
