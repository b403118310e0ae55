// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/builtins.hpp"
#include "troupe/config/diagnostics.hpp"
#include "troupe/config/spec.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Stands in messages, and in `troupe_spec::file`, for a configuration read from stdin.
inline constexpr std::string_view stdin_name = "<stdin>";

/// What the loader must be told by its caller.
struct load_options {
  std::map<std::string, std::string> set; ///< `--set NAME=VALUE`; wins over everything.
  /// What relative paths in `set` are relative to; empty: the folder of the file, as all others.
  std::string set_directory;
  known_builtins builtins;
  std::vector<std::string> message_types; ///< Registered C++ types that a channel may carry.
  /// Looks a variable up in the environment; empty: this process's.
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

struct load_result {
  std::optional<troupe_spec> spec;     ///< Absent when there is an error.
  std::vector<diagnostic> diagnostics; ///< Errors and warnings, sorted by position.
};

/// Reads and checks the file at `path`. Every mistake is reported in one run; nothing is started,
/// looked up or created. Of what is no file of a folder, such as /dev/stdin or the /dev/fd/63 of a
/// shell's `<(command)`, relative paths are relative to the working folder.
[[nodiscard]] load_result load_file(const std::string& path, const load_options& options);

/// Reads and checks `text`. `file` names it in messages; relative paths are relative to
/// `directory`, or stay as they are when it is empty.
[[nodiscard]] load_result load_text(std::string text, const std::string& file,
                                    const std::string& directory, const load_options& options);

/// An error found after loading, about something in the file: a command that is not there.
[[nodiscard]] diagnostic make_diagnostic(const troupe_spec& spec, problem code, location at,
                                         std::string path, std::string message);

/// Writes `spec` as YAML with every default filled in. Loading that gives the same text again.
[[nodiscard]] std::string to_yaml(const troupe_spec& spec);

} // namespace troupe::config
