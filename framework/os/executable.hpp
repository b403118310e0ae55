// Part of Troupe; see LICENSE.

#pragma once

#include <string>

namespace troupe::os {

/// Where a command's program lies, or why it cannot be run.
struct executable_search {
  std::string path;
  std::string problem; ///< Empty: found.
};

/// Looks `name` up in PATH, or takes it as a path when it has a slash.
[[nodiscard]] executable_search find_executable(const std::string& name);

/// Says why the file cannot be run, and what to do; empty when nothing is seen to be wrong. Looks
/// at the first line of a script too.
[[nodiscard]] std::string problem_of_executable(const std::string& path);

/// Says what exec's errno means for `path`, without the errno's own text.
[[nodiscard]] std::string explain_exec_failure(const std::string& path, int os_error);

} // namespace troupe::os
