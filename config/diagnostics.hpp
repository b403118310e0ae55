// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/location.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// What is wrong with a configuration; the number is the one users see: `T003`.
enum class problem : std::uint8_t {
  syntax = 1, ///< Not YAML, or YAML that Troupe refuses (tabs, loops of aliases).
  duplicate_key = 2,
  unknown_key = 3,
  wrong_type = 4,
  out_of_range = 5,
  unknown_word = 6,
  missing_key = 7,
  bad_combination = 8,
  unknown_reference = 9,
  cycle = 10,
  name_used_twice = 11,
  undefined_variable = 12,
  include_failed = 13,
  bad_duration = 14,
  bad_size = 15,
  type_mismatch = 16,
  dangling_channel = 17,
  environment = 18, ///< A command, folder or file is not there.
  permission = 19,
  unsupported = 20,   ///< The kernel or this build cannot do it.
  restart_limit = 21, ///< A limit that can never be reached.
  planned_key = 22,   ///< Described, but not in this build.
};

/// "T003".
std::string to_string(problem code);

enum class severity : std::uint8_t { error, warning };

/// One thing that is wrong, complete in itself: it can be shown without the file.
struct diagnostic {
  problem code = problem::syntax;
  severity weight = severity::error;
  std::string file;
  location at;
  std::string path;    ///< Dotted keys from the top: `pools.api.stop.timeout`; may be empty.
  std::string message; ///< What is wrong and what to do.
  std::string excerpt; ///< The line of the file that `at` names; may be empty.
};

bool has_errors(const std::vector<diagnostic>& all);

/// Sorts by position, keeping the order of those that share one.
void sort_by_position(std::vector<diagnostic>& all);

/// `file:line:col: error[T003]: path: message`, without the excerpt.
std::string headline(const diagnostic& one);

/// All of them for people: head line, excerpt, underline. `has_colour`: ANSI colours.
std::string render(const std::vector<diagnostic>& all, bool has_colour = false);

/// All of them for programs: a JSON array of objects, one per line.
std::string render_json(const std::vector<diagnostic>& all);

/// Returns line `number` (from 1) of `text` without its end.
std::string_view line_of(std::string_view text, std::uint32_t number);

} // namespace troupe::config
