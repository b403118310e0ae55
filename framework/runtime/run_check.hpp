// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/diagnostics.hpp"
#include "troupe/config/spec.hpp"

#include <vector>

namespace troupe {

/// What the file alone shows no run of this build can do, though the file is well-formed: so that
/// who only checks it hears what who runs it would hear.
[[nodiscard]] std::vector<config::diagnostic> check_runnable(const config::troupe_spec& spec);

} // namespace troupe
