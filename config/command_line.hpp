// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Splits a command line into words as a shell does, without running one: quotes and backslashes
/// group, `${...}` is never split and never changed.
expected<std::vector<std::string>> split_command(std::string_view text);

/// Returns the first of `words` that only a shell would understand (`|`, `&&`, `>`), or nothing.
std::string_view shell_operator(const std::vector<std::string>& words);

} // namespace troupe::config
