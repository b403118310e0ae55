// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/diagnostics.hpp"
#include "troupe/config/spec.hpp"

#include <vector>

namespace troupe {

/// Looks whether what the configuration names is there: commands, folders, libraries, worker types,
/// and the right to raise limits. Starts and creates nothing.
[[nodiscard]] std::vector<config::diagnostic> check_environment(const config::troupe_spec& spec);

} // namespace troupe
