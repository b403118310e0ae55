// Part of Troupe; see LICENSE.

#include "troupe/config/detail/syntax_errors.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/exceptions.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace troupe::config::detail {

namespace {

struct phrase {
  std::string_view theirs; // Part of yaml-cpp's message.
  std::string_view ours;
};

// yaml-cpp's messages are for its authors; these are for the writer of the file.
constexpr std::array phrases{
    phrase{"illegal map value", "a ':' where no value can begin; quote a text that contains ': '"},
    phrase{"end of map not found", "this line fits no map that is open; check its indentation"},
    phrase{"end of sequence not found",
           "this line fits no list that is open; check its indentation"},
    phrase{"end of map flow not found", "a ',' or '}' is missing before this"},
    phrase{"end of sequence flow not found", "a ',' or ']' is missing before this"},
    phrase{"referenced anchor is not defined",
           "this alias names an anchor that is not defined above"},
    phrase{"unknown token", "no YAML value can begin with this character; quote the text"},
};

} // namespace

parse_problem explain_syntax(const source_text& source, std::optional<location> bracket,
                             const YAML::Exception& error) {
  const auto at = source.location_of(std::max(error.mark.line, 0), std::max(error.mark.column, 0));
  const auto problem_at = [](location place, std::string message) {
    return parse_problem{.at = place, .message = std::move(message)};
  };
  if (const auto tab = source.tab_indent_near(at.line)) {
    return problem_at({.line = *tab, .column = 1}, "this line is indented with a tab; use spaces");
  }
  if (const auto found = source.unquoted_reference(at.line, bracket.has_value())) {
    return problem_at(found->at, "the braces of " + found->text + " end the value; quote \"" +
                                     found->text + "\" inside { }");
  }
  if (bracket && at.line >= source.line_count())
    return problem_at(*bracket, "this bracket is never closed");
  if (dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr)
    return problem_at(at, "nested too deep");
  for (const auto& one : phrases) {
    if (error.msg.find(one.theirs) != std::string::npos)
      return problem_at(at, std::string{one.ours});
  }
  return problem_at(at, error.msg);
}

} // namespace troupe::config::detail
