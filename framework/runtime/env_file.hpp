// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Reads `KEY=VALUE` lines; empty lines and those that begin with # are skipped, values are taken
/// as they are. The failure names file and line.
expected<std::vector<std::pair<std::string, std::string>>> read_env_file(const std::string& path);

} // namespace troupe
