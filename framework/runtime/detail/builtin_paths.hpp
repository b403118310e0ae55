// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/spec.hpp"

#include <string>
#include <vector>

namespace troupe::detail {

struct path_problem {
  std::string key; ///< Of the pool: "builtin".
  std::string message;
};

/// What is wrong with the files and folders that a builtin of `pool` names. Creates nothing.
[[nodiscard]] std::vector<path_problem> builtin_path_problems(const config::troupe_spec& spec,
                                                              const config::pool_spec& pool);

struct file_conflict {
  const config::pool_spec* pool;
  path_problem problem;
};

/// Where a builtin of an enabled pool writes a file that another pool of `spec` writes or reads:
/// under each name of it. A device or a pipe may have several writers. Creates nothing.
[[nodiscard]] std::vector<file_conflict> builtin_file_conflicts(const config::troupe_spec& spec);

} // namespace troupe::detail
