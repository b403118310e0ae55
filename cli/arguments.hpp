// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/cli/exit_code.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::cli {

/// A configuration file and what was given with it.
struct file_arguments {
  std::string path; ///< "-" for stdin.
  std::map<std::string, std::string> set;
};

struct run_arguments {
  file_arguments file;
  duration chaos{}; ///< 0: none.
  std::uint64_t chaos_seed = 1;
  std::string socket; ///< Empty: as the file says.
  bool has_socket = true;
  bool is_json = false;
  bool is_quiet = false;
};

struct validate_arguments {
  file_arguments file;
  bool prints = false;
  bool is_json = false;
  bool has_strict_warnings = false;
  bool checks_environment = false;
};

enum class awaited { nothing, ready, stopped };

struct status_arguments {
  file_arguments target; ///< A file, a name, or empty: the only one that runs.
  std::vector<std::string> pools;
  std::string socket;
  bool is_json = false;
  awaited wait = awaited::nothing;
  duration timeout = std::chrono::seconds{30};
};

struct actors_arguments {
  std::string name; ///< Of a builtin; empty: all.
  bool is_json = false;
};

/// All is said and done: the text goes to stdout or, with an error, to stderr.
struct early_end {
  exit_code code = exit_code::ok;
  std::string text;
};

using parsed_arguments =
    std::variant<early_end, run_arguments, validate_arguments, status_arguments, actors_arguments>;

/// Reads the command line.
[[nodiscard]] parsed_arguments parse_arguments(int argc, const char* const* argv);

} // namespace troupe::cli
