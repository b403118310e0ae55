// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

/// `text` in single quotes, cut, control characters shown.
std::string in_quotes(std::string_view text);

/// `text` as a part of a path in a message.
std::string shown(std::string_view text);

std::string comma_list(const std::vector<std::string_view>& words);

/// "; did you mean 'restart'?", or nothing when no word is near.
std::string did_you_mean(std::string_view given, const std::vector<std::string_view>& words);

/// The same, or "; there are a, b, c" when no word is near.
std::string offer(std::string_view given, const std::vector<std::string_view>& words);

/// Views of the `name` of each.
template<class Range>
std::vector<std::string_view> names_of(const Range& things) {
  std::vector<std::string_view> out;
  for (const auto& one : things) out.push_back(one.name);
  return out;
}

} // namespace troupe::config::detail
