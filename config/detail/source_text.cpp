// Part of Troupe; see LICENSE.

#include "troupe/config/detail/source_text.hpp"

#include "troupe/config/detail/utf8.hpp"

#include <algorithm>
#include <array>

namespace troupe::config::detail {

namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::uint32_t to_count(std::size_t value) {
  return static_cast<std::uint32_t>(value);
}

// Length in bytes of the quoted scalar that `line` begins with, or of the part on this line.
std::size_t quoted_length(std::string_view line) {
  const char quote = line[0];
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (quote == '"' && line[i] == '\\') {
      ++i;
    } else if (line[i] == quote) {
      if (quote == '\'' && i + 1 < line.size() && line[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return line.size();
}

} // namespace

source_text::source_text(std::string_view text) : text_{text} {
  while (true) {
    const auto end = text.find('\n');
    auto one = text.substr(0, end);
    if (one.ends_with('\r')) one.remove_suffix(1);
    lines_.push_back(one);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

std::optional<source_text::bad_byte> source_text::first_bad_byte() const {
  const auto place = [this](std::size_t offset) {
    const auto before = text_.substr(0, offset);
    const auto line_number = std::count(before.begin(), before.end(), '\n') + 1;
    const auto line_begin = before.rfind('\n') + 1; // npos + 1 is 0.
    return location{.line = static_cast<std::uint32_t>(line_number),
                    .column = to_count(count_characters(before.substr(line_begin)) + 1)};
  };
  const auto hex = [this](std::size_t offset) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(text_[offset]);
    return std::string{"0x"} + digits[byte >> 4U] + digits[byte & 15U];
  };
  const auto bad_utf8 = first_bad_utf8(text_);
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
           c == 0x7f;
  };
  const auto control = static_cast<std::size_t>(
      std::find_if(text_.begin(), text_.end(), is_control) - text_.begin());
  if (bad_utf8 && *bad_utf8 <= control) {
    return bad_byte{.at = place(*bad_utf8),
                    .message = "byte " + hex(*bad_utf8) + " is not UTF-8; save the file as UTF-8"};
  }
  if (control != text_.size()) {
    return bad_byte{.at = place(control),
                    .message = "control character " + hex(control) + "; write it as \"\\x" +
                               hex(control).substr(2) + "\" in double quotes"};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> source_text::line_longer_than(std::size_t bytes) const {
  const auto found = std::find_if(lines_.begin(), lines_.end(),
                                  [bytes](std::string_view one) { return one.size() > bytes; });
  if (found == lines_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - lines_.begin()) + 1;
}

std::string_view source_text::line(std::uint32_t number) const {
  return number == 0 || number > lines_.size() ? std::string_view{} : lines_[number - 1];
}

location source_text::location_of(int line_index, int byte_column) const {
  const auto number = static_cast<std::uint32_t>(line_index) + 1;
  const auto before = line(number).substr(0, static_cast<std::size_t>(std::max(byte_column, 0)));
  return {.line = number, .column = to_count(count_characters(before) + 1)};
}

std::string_view source_text::rest_at(location at) const {
  auto rest = line(at.line);
  // Columns count characters: skip the continuation bytes of each.
  for (std::uint32_t i = 1; i < at.column && !rest.empty(); ++i) {
    rest.remove_prefix(1);
    while (!rest.empty() && (static_cast<unsigned char>(rest[0]) & 0xc0U) == 0x80)
      rest.remove_prefix(1);
  }
  return rest;
}

location source_text::skip_properties(location at) const {
  auto rest = rest_at(at);
  auto column = at.column;
  while (!rest.empty() && (rest[0] == '&' || rest[0] == '!')) {
    auto length = std::min(rest.find_first_of(" \t,]}"), rest.size());
    while (length < rest.size() && is_blank(rest[length])) ++length;
    if (length == rest.size()) return at; // The value is on another line.
    column += to_count(count_characters(rest.substr(0, length)));
    rest.remove_prefix(length);
  }
  return {.line = at.line, .column = column, .length = at.length};
}

std::uint32_t source_text::scalar_length(location at, std::string_view text) const {
  const auto rest = rest_at(at);
  if (rest.empty()) return 1;
  if (rest[0] == '\'' || rest[0] == '"') {
    return to_count(count_characters(rest.substr(0, quoted_length(rest))));
  }
  const auto first_line = text.substr(0, text.find('\n'));
  if (rest.starts_with(first_line)) return std::max(1U, to_count(count_characters(first_line)));
  return 1; // A block scalar: point at its `|`. A folded one: at its begin.
}

std::string source_text::null_spelling(location at) const {
  constexpr std::array<std::string_view, 4> spellings{"null", "Null", "NULL", "~"};
  const auto rest = rest_at(at);
  for (const auto one : spellings) {
    if (rest.starts_with(one)) return std::string{one};
  }
  return {};
}

location source_text::locate(location at, std::string_view fragment) const {
  const auto rest = rest_at(at);
  const auto found = fragment.empty() ? std::string_view::npos : rest.find(fragment);
  if (found == std::string_view::npos) return at;
  auto length = fragment.size();
  if (const auto end = rest.find('}', found); end != std::string_view::npos)
    length = end + 1 - found;
  return {.line = at.line,
          .column = at.column + to_count(count_characters(rest.substr(0, found))),
          .length = to_count(count_characters(rest.substr(found, length)))};
}

std::optional<std::uint32_t> source_text::tab_indent_near(std::uint32_t number) const {
  const auto is_tab_indented = [this](std::uint32_t one) {
    const auto text = line(one);
    const auto indent = text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
    return indent.size() < text.size() && indent.find('\t') != std::string_view::npos;
  };
  for (const auto one : {number, number - 1, number + 1}) {
    if (is_tab_indented(one)) return one;
  }
  return std::nullopt;
}

std::optional<source_text::reference> source_text::unquoted_reference(std::uint32_t number,
                                                                      bool is_in_flow) const {
  const auto text = line(number);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'' || text[i] == '"') {
      i += quoted_length(text.substr(i)) - 1;
    } else if (text[i] == '#' && i > 0 && is_blank(text[i - 1])) {
      break;
    } else if (text.substr(i).starts_with("${")) {
      if (!is_in_flow) break;
      const auto end = std::min(text.find('}', i), text.size() - 1);
      const auto found = text.substr(i, end + 1 - i);
      return reference{.at = {.line = number,
                              .column = to_count(count_characters(text.substr(0, i)) + 1),
                              .length = to_count(count_characters(found))},
                       .text = std::string{found}};
    } else if (text[i] == '{' || text[i] == '[') {
      is_in_flow = true;
    }
  }
  return std::nullopt;
}

bool source_text::is_closed(location at) const {
  auto rest = rest_at(at);
  if (rest.empty() || (rest[0] != '\'' && rest[0] != '"')) return true;
  const char quote = rest[0];
  // The lines are parts of one text: go on behind the end of the first.
  rest = text_.substr(static_cast<std::size_t>(rest.data() - text_.data()) + 1);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (quote == '"' && rest[i] == '\\') {
      ++i;
    } else if (rest[i] == quote) {
      const bool is_doubled = quote == '\'' && i + 1 < rest.size() && rest[i + 1] == quote;
      if (!is_doubled) return true;
      ++i;
    }
  }
  return false;
}

std::uint32_t source_text::line_count() const noexcept {
  return to_count(lines_.size());
}

} // namespace troupe::config::detail
