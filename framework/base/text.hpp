// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// Returns the word of `words` nearest to `given` (edit distance at most a third of its length),
/// or an empty view: "did you mean".
std::string_view nearest(std::string_view given, const std::vector<std::string_view>& words);

/// Returns `text` with control characters shown as escapes, cut to `length_max` bytes.
std::string printable(std::string_view text, std::size_t length_max = 256);

/// How much of what a user or a worker wrote goes into one message of ours.
inline constexpr std::size_t quoted_bytes_max = 1024;

/// The one helper for what others wrote and we put into a message or a log: returns `text`, or its
/// beginning and how long it was. UTF-8 is cut between characters.
std::string shortened(std::string_view text, std::size_t length_max = quoted_bytes_max);
/// The beginning of `text` that `shortened` keeps.
std::string_view beginning_of(std::string_view text, std::size_t length_max);

/// Joins `parts` with `separator`.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

} // namespace troupe::text
