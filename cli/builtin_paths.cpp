// Part of Troupe; see LICENSE.

#include "troupe/cli/builtin_paths.hpp"

namespace troupe::cli {

std::vector<path_problem> builtin_path_problems(const config::troupe_spec&,
                                                const config::pool_spec&) {
  return {};
}

} // namespace troupe::cli
