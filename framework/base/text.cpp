// Part of Troupe; see LICENSE.

#include "troupe/base/text.hpp"

#include <algorithm>
#include <numeric>

namespace troupe::text {

namespace {

// Levenshtein's distance, two rows.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, substituted});
    }
  }
  return row[b.size()];
}

} // namespace

std::string_view nearest(std::string_view given, const std::vector<std::string_view>& words) {
  const auto distance_max = std::max<std::size_t>(1, given.size() / 3);
  auto best = distance_max + 1;
  std::string_view found;
  for (const auto word : words) {
    const auto distance = edit_distance(given, word);
    if (distance < best) {
      best = distance;
      found = word;
    }
  }
  return found;
}

std::string printable(std::string_view text, std::size_t length_max) {
  constexpr auto digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    if (out.size() >= length_max) return out + "...";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string_view beginning_of(std::string_view text, std::size_t length_max) {
  if (text.size() <= length_max) return text;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
  };
  constexpr std::size_t continuation_bytes_max = 3; // More is no UTF-8, and may be cut anywhere.
  auto end = length_max;
  while (end > 0 && length_max - end < continuation_bytes_max && continues(end)) --end;
  return text.substr(0, continues(end) ? length_max : end);
}

std::string shortened(std::string_view text, std::size_t length_max) {
  if (text.size() <= length_max) return std::string{text};
  return std::string{beginning_of(text, length_max)} + "... (" + std::to_string(text.size()) +
         " bytes)";
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

} // namespace troupe::text
