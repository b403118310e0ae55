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

/// Joins `parts` with `separator`.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

} // namespace troupe::text
