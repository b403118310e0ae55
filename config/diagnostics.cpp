// Part of Troupe; see LICENSE.

#include "troupe/config/diagnostics.hpp"

#include "troupe/config/detail/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <tuple>

namespace troupe::config {

namespace {

// Longer lines are shown as a window around the position.
constexpr std::size_t excerpt_columns_max = 120;
constexpr std::size_t excerpt_columns_before = 60;
constexpr std::string_view cut_mark = "...";

struct colours {
  std::string_view bold, error, warning, caret, end;
};

constexpr colours no_colours{};
constexpr colours ansi_colours{.bold = "\x1b[1m",
                               .error = "\x1b[1;31m",
                               .warning = "\x1b[1;35m",
                               .caret = "\x1b[1;32m",
                               .end = "\x1b[0m"};

std::string_view word_of(severity weight) {
  return weight == severity::error ? "error" : "warning";
}

std::string position_of(const diagnostic& one) {
  auto out = one.file;
  if (one.at.line != 0) {
    out += ':' + std::to_string(one.at.line) + ':' + std::to_string(one.at.column);
  }
  return out;
}

std::string describe(const diagnostic& one) {
  return one.path.empty() ? one.message : one.path + ": " + one.message;
}

std::string shown(std::u32string_view characters) {
  std::string out;
  for (const auto c : characters) {
    const bool is_control = (c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0);
    detail::append_utf8(out, is_control ? U'?' : c);
  }
  return out;
}

// What must stand under `characters` so that the next column is right whatever the tab width is.
std::string padding(std::u32string_view characters) {
  std::string out;
  for (const auto c : characters) {
    if (c == '\t') {
      out += '\t';
    } else {
      out.append(detail::display_width(c), ' ');
    }
  }
  return out;
}

struct excerpt_lines {
  std::string source;
  std::string underline;
};

excerpt_lines excerpt_of(const diagnostic& one) {
  const auto characters = detail::decode_utf8(one.excerpt);
  const std::u32string_view line{characters};
  const auto column =
      std::min<std::size_t>(one.at.column == 0 ? 0 : one.at.column - 1, line.size());
  std::size_t begin = 0;
  auto end = line.size();
  if (line.size() > excerpt_columns_max) {
    begin = column > excerpt_columns_before ? column - excerpt_columns_before : 0;
    end = std::min(line.size(), begin + excerpt_columns_max);
  }
  const auto length =
      std::clamp<std::size_t>(one.at.length, 1, std::max<std::size_t>(1, end - column));
  std::size_t width = 0;
  for (const auto c : line.substr(column, std::min(length, end - column))) {
    width += c == '\t' ? 1 : detail::display_width(c);
  }
  const auto head = begin == 0 ? std::string_view{} : cut_mark;
  excerpt_lines out;
  out.source = std::string{head} + shown(line.substr(begin, end - begin));
  if (end < line.size()) out.source += cut_mark;
  out.underline = std::string(head.size(), ' ') + padding(line.substr(begin, column - begin)) +
                  '^' + std::string(std::max<std::size_t>(width, 1) - 1, '~');
  return out;
}

std::string right_aligned(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

void render_one(std::string& out, const diagnostic& one, const colours& paint) {
  const auto weight = one.weight == severity::error ? paint.error : paint.warning;
  out += std::string{paint.bold} + position_of(one) + ": " + std::string{paint.end};
  out += std::string{weight} + std::string{word_of(one.weight)} + '[' + to_string(one.code) + "]: ";
  out += std::string{paint.end} + describe(one) + '\n';
  if (one.at.line == 0 || one.excerpt.empty()) return;
  constexpr std::size_t number_width = 5;
  const auto lines = excerpt_of(one);
  const auto number = right_aligned(std::to_string(one.at.line), number_width);
  out += number + " | " + lines.source + '\n';
  out += std::string(number.size(), ' ') + " | " + std::string{paint.caret} + lines.underline +
         std::string{paint.end} + '\n';
}

} // namespace

std::string to_string(problem code) {
  const auto digits = std::to_string(static_cast<int>(code));
  return "T" + std::string(3 - digits.size(), '0') + digits;
}

bool has_errors(const std::vector<diagnostic>& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const diagnostic& one) { return one.weight == severity::error; });
}

void sort_by_position(std::vector<diagnostic>& all) {
  std::stable_sort(all.begin(), all.end(), [](const diagnostic& a, const diagnostic& b) {
    return std::tie(a.file, a.at.line, a.at.column) < std::tie(b.file, b.at.line, b.at.column);
  });
}

std::string headline(const diagnostic& one) {
  return position_of(one) + ": " + std::string{word_of(one.weight)} + '[' + to_string(one.code) +
         "]: " + describe(one);
}

std::string render(const std::vector<diagnostic>& all, bool has_colour) {
  std::string out;
  for (const auto& one : all) render_one(out, one, has_colour ? ansi_colours : no_colours);
  return out;
}

std::string render_json(const std::vector<diagnostic>& all) {
  std::string out = "[";
  for (const auto& one : all) {
    const nlohmann::ordered_json object{{"file", one.file},
                                        {"line", one.at.line},
                                        {"column", one.at.column},
                                        {"length", one.at.length},
                                        {"severity", word_of(one.weight)},
                                        {"code", to_string(one.code)},
                                        {"path", one.path},
                                        {"message", one.message}};
    out += out.size() == 1 ? "\n" : ",\n";
    out += object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return out + (all.empty() ? "]\n" : "\n]\n");
}

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t i = 1; i < number; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

} // namespace troupe::config
