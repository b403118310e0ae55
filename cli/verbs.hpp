// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/cli/arguments.hpp"
#include "troupe/cli/exit_code.hpp"

namespace troupe::cli {

/// @{ One verb each, from checked arguments to the exit code. They write to stdout and stderr.
[[nodiscard]] exit_code run(const run_arguments& arguments);
[[nodiscard]] exit_code validate(const validate_arguments& arguments);
[[nodiscard]] exit_code actors(const actors_arguments& arguments);
[[nodiscard]] exit_code status(const status_arguments& arguments);
/// @}

} // namespace troupe::cli
