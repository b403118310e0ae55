// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/cli/exit_code.hpp"

#include <string_view>

namespace troupe::cli {

/// Writes `text` to stdout. Returns `result`, or, when that fails, says so on stderr and returns
/// `failed`, unless `result` says something worse already.
[[nodiscard]] exit_code print(std::string_view text, exit_code result);

/// Writes "troupe: `text`" to stderr; nobody can be told when that fails.
void complain(std::string_view text);

} // namespace troupe::cli
