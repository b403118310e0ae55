// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <string>

namespace troupe::pipeline {

/// Finds a worker type by name: in this program, or, unless `module` is empty, in that shared
/// library, which is loaded and stays loaded.
///
/// For worker processes only: a host never loads a user's library.
expected<const worker_entry*> find_in_module(const std::string& name, const std::string& module);

} // namespace troupe::pipeline
