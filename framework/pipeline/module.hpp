// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/pipeline/worker_list.hpp"

#include <string>
#include <vector>

namespace troupe::pipeline {

/// Finds a worker type by name: in this program, or, unless `module` is empty, in that shared
/// library, which is loaded and stays loaded.
///
/// For worker processes only: a host never loads a user's library.
expected<const worker_entry*> find_in_module(const std::string& name, const std::string& module);

/// A worker type as others see it.
struct worker_description {
  std::string name;
  worker_role role = worker_role::transform;
  std::string input_type;  ///< Empty: it reads nothing.
  std::string output_type; ///< Empty: it writes nothing.
};

[[nodiscard]] std::vector<worker_description> describe(const worker_entry* list);

/// The worker types of a shared library, which is loaded and stays loaded. For worker processes
/// only. Fails when it cannot be loaded or has none.
expected<std::vector<worker_description>> describe_module(const std::string& module);

} // namespace troupe::pipeline
