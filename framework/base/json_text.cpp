// Part of Troupe; see LICENSE.

#include "troupe/base/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace troupe::json_text {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view blanks = " \t\n\r";

// Bytes of the first character; 0 when it is not UTF-8 (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  // Longer than needed, half of a surrogate pair, or beyond the last character.
  const auto second = byte(1);
  const bool is_bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return is_bad ? 0 : length;
}

/// Walks over JSON; `rest` is what has not been walked over.
struct scanner {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void skip_blanks() { rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size())); }
  bool take_digits() {
    const auto count = std::min(rest.find_first_not_of(digits), rest.size());
    rest.remove_prefix(count);
    return count > 0;
  }
  bool take_number() {
    take('-');
    if (!take('0') && !take_digits()) return false;
    if (take('.') && !take_digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return take_digits();
  }
  bool take_word(std::string_view word) {
    if (rest.substr(0, word.size()) != word) return false;
    rest.remove_prefix(word.size());
    return true;
  }
  bool take_escape() {
    if (rest.empty()) return false;
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c != 'u') return std::string_view{"\"\\/bfnrt"}.find(c) != std::string_view::npos;
    constexpr std::string_view hex = "0123456789abcdefABCDEF";
    if (rest.size() < 4 || rest.substr(0, 4).find_first_not_of(hex) != std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(4);
    return true;
  }
  bool take_string() {
    if (!take('"')) return false;
    while (!rest.empty()) {
      const auto c = static_cast<unsigned char>(rest.front());
      if (c < 0x20) return false;
      if (take('"')) return true;
      if (take('\\')) {
        if (!take_escape()) return false;
        continue;
      }
      const auto length = utf8_length(rest);
      if (length == 0) return false;
      rest.remove_prefix(length);
    }
    return false;
  }
  bool take_key() {
    skip_blanks();
    if (!take_string()) return false;
    skip_blanks();
    return take(':');
  }
  // A value that holds no others.
  bool take_plain() {
    if (rest.empty()) return false;
    switch (rest.front()) {
    case '"':
      return take_string();
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return take_word("null");
    default:
      return take_number();
    }
  }
  bool take_value();
};

// With a stack of its own: a message nested a million deep must not end the process.
bool scanner::take_value() {
  enum class expected { value, first, more }; // `first` of a bracket that was just opened.
  std::string open;                           // What closes each bracket that is open.
  auto next = expected::value;
  do {
    skip_blanks();
    const bool is_closed = next != expected::value && take(open.back());
    if (is_closed) {
      open.pop_back();
      next = expected::more;
    } else if (next == expected::value) {
      const bool is_object = take('{');
      const bool is_array = !is_object && take('[');
      if (is_object || is_array) {
        open += is_object ? '}' : ']';
        next = expected::first;
      } else {
        if (!take_plain()) return false;
        next = expected::more;
      }
    } else {
      if (next == expected::more && !take(',')) return false;
      if (open.back() == '}' && !take_key()) return false;
      next = expected::value;
    }
  } while (!open.empty() || next != expected::more);
  return true;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The value in front, without blanks; the scanner stands behind it.
std::string_view cut_value(scanner& from) {
  const auto before = from.rest;
  if (!from.take_value()) return {};
  return trimmed(before.substr(0, before.size() - from.rest.size()));
}

std::uint32_t hex_at(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + 4, value, 16);
  return value;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto put_rest = [&](std::uint32_t shift) { put(0x80U | ((c >> shift) & 0x3fU)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0U | (c >> 6U));
  } else if (c < 0x10000) {
    put(0xe0U | (c >> 12U));
    put_rest(6);
  } else {
    put(0xf0U | (c >> 18U));
    put_rest(12);
    put_rest(6);
  }
  put_rest(0);
}

// Reads the four digits behind `\u`, and the other half of a pair.
bool append_escaped(std::string& out, std::string_view& rest) {
  auto c = hex_at(rest);
  rest.remove_prefix(4);
  if (c >= 0xdc00 && c < 0xe000) return false;
  if (c >= 0xd800 && c < 0xdc00) {
    if (rest.size() < 6 || rest.substr(0, 2) != "\\u") return false;
    const auto low = hex_at(rest.substr(2));
    if (low < 0xdc00 || low >= 0xe000) return false;
    rest.remove_prefix(6);
    c = 0x10000 + ((c - 0xd800) << 10U) + (low - 0xdc00);
  }
  append_utf8(out, c);
  return true;
}

} // namespace

bool is_value(std::string_view text) {
  scanner from{text};
  if (!from.take_value()) return false;
  from.skip_blanks();
  return from.rest.empty();
}

bool is_number(std::string_view text) {
  scanner from{text};
  return from.take_number() && from.rest.empty();
}

std::optional<std::vector<member>> members(std::string_view object) {
  if (!is_value(object)) return std::nullopt;
  scanner from{trimmed(object)};
  if (!from.take('{')) return std::nullopt;
  std::vector<member> found;
  from.skip_blanks();
  while (!from.take('}')) {
    const auto key = cut_value(from);
    from.skip_blanks();
    from.take(':');
    const auto value = cut_value(from);
    auto name = decode(key);
    if (!name) return std::nullopt;
    found.push_back({*std::move(name), value});
    from.skip_blanks();
    from.take(',');
    from.skip_blanks();
  }
  return found;
}

std::optional<std::vector<std::string_view>> elements(std::string_view array) {
  if (!is_value(array)) return std::nullopt;
  scanner from{trimmed(array)};
  if (!from.take('[')) return std::nullopt;
  std::vector<std::string_view> found;
  from.skip_blanks();
  while (!from.take(']')) {
    found.push_back(cut_value(from));
    from.skip_blanks();
    from.take(',');
    from.skip_blanks();
  }
  return found;
}

std::optional<std::string> decode(std::string_view string) {
  scanner from{string};
  if (!from.take_string() || !from.rest.empty()) return std::nullopt;
  constexpr std::string_view letters = "bfnrt";
  constexpr std::string_view meanings = "\b\f\n\r\t";
  auto rest = string.substr(1, string.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const auto plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const char c = rest[1];
    rest.remove_prefix(2);
    const auto known = letters.find(c);
    if (c == 'u') {
      if (!append_escaped(out, rest)) return std::nullopt;
    } else {
      out += known == std::string_view::npos ? c : meanings[known];
    }
  }
  return out;
}

std::optional<std::string> quote(std::string_view text) {
  if (!is_utf8(text)) return std::nullopt;
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view special = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  std::string out{'"'};
  out.reserve(text.size() + 2);
  for (const char c : text) {
    const auto found = special.find(c);
    if (found != std::string_view::npos) {
      out += '\\';
      out += letters[found];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4U];
      out += hex[static_cast<unsigned char>(c) & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

} // namespace troupe::json_text
