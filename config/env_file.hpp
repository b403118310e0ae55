// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/config/diagnostics.hpp"
#include "troupe/config/location.hpp"
#include "troupe/config/spec.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Files of `KEY=VALUE` lines (`env_file`), as shells and other tools write them.
///
/// Understood: a byte order mark, ends of lines from Windows, `export ` in front, comments from `#`
/// (of a value only after a blank), 'text as it stands', and "text with \" \\ \$ \` \n \r \t".
/// Quoted values may go over several lines. Nothing is expanded, so what a shell would expand, join
/// or run is refused instead of being taken for something else.
namespace troupe::config {

inline constexpr std::size_t env_file_bytes_max = std::size_t{1} << 20;

struct env_file_problem {
  location at;
  std::string message; ///< What is wrong and what to write instead.
};

struct env_file_content {
  std::vector<std::pair<std::string, std::string>> entries; ///< In file order; later ones win.
  std::vector<env_file_problem> problems;                   ///< Lines that were not understood.
};

/// Reads the text of one such file; every line that is wrong is reported.
[[nodiscard]] env_file_content parse_env_file(std::string_view text);

/// Reads the file at `path`. Fails with `bad_data` ("path:line:column: what is wrong") or with what
/// the system says of a file that cannot be read.
[[nodiscard]] expected<std::vector<std::pair<std::string, std::string>>>
read_env_file(const std::string& path);

/// What is wrong inside the env files that `spec` names, placed in those files. Files that cannot
/// be read are left to the check of the environment.
[[nodiscard]] std::vector<diagnostic> check_env_files(const troupe_spec& spec);

} // namespace troupe::config
