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

} // namespace troupe::detail
