// Part of Troupe; see LICENSE.

#include "troupe/config/detail/utf8.hpp"

#include <algorithm>
#include <array>

namespace troupe::config::detail {

namespace {

struct character {
  char32_t value;
  std::size_t length; // 0: the first byte is not the begin of a character.
};

character take(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {0, 0};
  auto value = static_cast<char32_t>(first & (0xffU >> (length + 1)));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {0, 0};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  const bool is_surrogate = value >= 0xd800 && value < 0xe000;
  if (value < smallest[length] || value > 0x10ffff || is_surrogate) return {0, 0};
  return {value, length};
}

} // namespace

std::optional<std::size_t> first_bad_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto [value, length] = take(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const auto [value, length] = take(text);
    out += length == 0 ? U'?' : value;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

void append_utf8(std::string& out, char32_t character) {
  const auto put = [&out](char32_t bits) {
    out += static_cast<char>(static_cast<unsigned char>(bits));
  };
  const auto put_rest = [&](unsigned shift) { put(0x80U | ((character >> shift) & 0x3fU)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xc0U | (character >> 6U));
    put_rest(0);
  } else if (character < 0x10000) {
    put(0xe0U | (character >> 12U));
    put_rest(6);
    put_rest(0);
  } else {
    put(0xf0U | (character >> 18U));
    put_rest(12);
    put_rest(6);
    put_rest(0);
  }
}

std::size_t display_width(char32_t character) {
  const auto in = [character](char32_t first, char32_t last) {
    return character >= first && character <= last;
  };
  if (in(0x300, 0x36f) || in(0x200b, 0x200f) || in(0xfe00, 0xfe0f)) return 0;
  const bool is_wide = in(0x1100, 0x115f) || in(0x2e80, 0xa4cf) || in(0xac00, 0xd7a3) ||
                       in(0xf900, 0xfaff) || in(0xfe30, 0xfe6f) || in(0xff00, 0xff60) ||
                       in(0xffe0, 0xffe6) || in(0x1f300, 0x1faff) || in(0x20000, 0x3fffd);
  return is_wide ? 2 : 1;
}

} // namespace troupe::config::detail
