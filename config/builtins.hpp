// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/keys.hpp"
#include "troupe/config/spec.hpp"

#include <string>
#include <vector>

namespace troupe::config {

/// One key that a builtin understands. `type` is one of text, path, name, integer, number, boolean,
/// duration, size, word, text_list, text_map or any.
struct builtin_key {
  std::string name;
  value_type type = value_type::text;
  bool is_required = false;
  std::vector<std::string> words; ///< What a `word` may be.
};

/// A ready-made actor, as its room describes it to the loader.
struct known_builtin {
  std::string name;
  builtin_role role = builtin_role::transform;
  std::vector<builtin_key> keys;
  std::string input_type;   ///< Message type it reads: `string`, `json`...; empty: any.
  std::string output_type;  ///< Message type it writes; empty: any.
  bool is_single = false;   ///< More than one worker would repeat or mix the work.
  bool is_in_host = false;  ///< No process of its own, and only one in a file.
  std::string own_stream{}; ///< The builtin that is meant when `path` names `own_descriptor`.
  int own_descriptor = -1;  ///< 0 for stdin, 1 for stdout.
};

using known_builtins = std::vector<known_builtin>;

} // namespace troupe::config
