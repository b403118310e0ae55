// Part of Troupe; see LICENSE.

#pragma once

#include <string>

namespace troupe::detail {

/// Where a command's program lies, or why it cannot be run.
struct executable_search {
  std::string path;
  std::string problem; ///< Empty: found.
};

/// Looks `name` up in PATH, or takes it as a path when it has a slash.
executable_search find_executable(const std::string& name);

/// Says what exec's errno means for `path`, without the errno's own text.
std::string explain_exec_failure(const std::string& path, int os_error);

} // namespace troupe::detail
