// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/detail/node.hpp"
#include "troupe/config/diagnostics.hpp"

#include <string>
#include <vector>

namespace troupe::config::detail {

/// A syntax problem before it has a file name.
struct parse_problem {
  problem code = problem::syntax;
  location at{};
  std::string path{};
  std::string message{};
};

struct parse_result {
  node_ptr root; // Null when the text is not YAML or holds no document.
  std::vector<parse_problem> problems;
};

inline constexpr std::size_t file_bytes_max = 1024 * 1024;
inline constexpr std::size_t line_bytes_max = 32 * 1024;   // Positions are found by walking a line.
inline constexpr std::size_t expanded_nodes_max = 100'000; // Each use of an alias counts its nodes.
inline constexpr std::size_t map_keys_max = 5000;          // Keys are looked up one by one.

/// Reads one YAML document. Knows nothing of Troupe's keys; finds syntax errors, duplicate keys,
/// loops of aliases; resolves `<<`.
parse_result parse(const std::string& text);

} // namespace troupe::config::detail
