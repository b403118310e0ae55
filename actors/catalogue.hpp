// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/worker_role.hpp"

#include <string>
#include <vector>

namespace troupe::actors {

/// What a setting of a builtin may be.
enum class setting_type { text, path, integer, boolean, word, text_list };

/// One setting of a builtin, as it stands in the YAML file.
struct setting_info {
  std::string name;
  setting_type type = setting_type::text;
  bool is_required = false;
  std::vector<std::string> words{}; ///< What a `word` may be.
  std::string standard{};           ///< What counts when it is not given; empty: nothing.
  std::string help{};
};

/// A ready-made worker type.
struct builtin_info {
  std::string name;
  worker_role role = worker_role::transform;
  std::vector<setting_info> settings{};
  std::string input_type{}; ///< `string`, `json`, or empty for any.
  std::string output_type{};
  bool is_single = false; ///< More than one worker would repeat or mix the work.
  bool is_in_host =
      false; ///< It works on a thread of the host; no process, and only one in a file.
  /// The builtin that is meant when `path` names the run's own descriptor, and which one that is.
  std::string own_stream{};
  int own_descriptor = -1;
  std::string summary{};
};

/// All of them, by name.
const std::vector<builtin_info>& builtins();

/// Puts the builtins into this program's list of worker types, where a worker process finds them.
/// Only the first call does something. Call it before any thread is started.
void install_builtins();

} // namespace troupe::actors
