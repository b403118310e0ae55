// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <string>
#include <vector>

/// Where control sockets lie.
namespace troupe::control {

/// `$XDG_STATE_HOME/troupe`, or `~/.local/state/troupe`. Fails when neither variable is set.
expected<std::string> state_folder();

/// `<state folder>/<name>/control.sock`
expected<std::string> default_socket(const std::string& name);

/// Names that have a folder below the state folder, sorted: they run, or have run.
std::vector<std::string> known_names();

} // namespace troupe::control
