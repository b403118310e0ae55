// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::config::detail {

/// Returns the offset of the first byte that is not UTF-8 (RFC 3629), or nothing.
std::optional<std::size_t> first_bad_utf8(std::string_view text);

/// Decodes; each bad byte becomes `?`.
std::u32string decode_utf8(std::string_view text);

/// Counts the characters of valid UTF-8.
std::size_t count_characters(std::string_view text);

void append_utf8(std::string& out, char32_t character);

/// Columns that a terminal uses for `character`: 0, 1 or 2. Knows the common ranges only.
std::size_t display_width(char32_t character);

} // namespace troupe::config::detail
