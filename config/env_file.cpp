// Part of Troupe; see LICENSE.

#include "troupe/config/env_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

namespace troupe::config {

namespace {

constexpr std::string_view blanks = " \t";

bool is_blank(char c) {
  return blanks.find(c) != std::string_view::npos;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Dots and dashes are no names to a shell, but to programs that read their environment.
bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

/// Reads one text from its begin to its end; `at_` is where it stands.
class env_reader {
public:
  explicit env_reader(std::string_view text) : text_{text} {}

  env_file_content read() {
    while (!is_at_end()) {
      const auto begin = at_;
      if (!read_line()) at_ = std::max(at_, begin);
      skip_to_next_line();
    }
    return std::move(out_);
  }

private:
  [[nodiscard]] bool is_at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool is_at_line_end() const {
    const auto rest = text_.substr(at_);
    return rest.empty() || rest.front() == '\n' || rest == "\r" || rest.starts_with("\r\n");
  }
  void skip_blanks() {
    while (!is_at_end() && is_blank(text_[at_])) ++at_;
  }
  void skip_to_next_line() {
    const auto end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
  }

  bool refuse(std::size_t where, std::string message) {
    location at{.line = 1, .column = 1};
    std::size_t line_begin = 0;
    for (auto end = text_.find('\n'); end < where; end = text_.find('\n', end + 1)) {
      ++at.line;
      line_begin = end + 1;
    }
    // Columns count characters: not the later bytes of one.
    at.column += static_cast<std::uint32_t>(
        std::count_if(text_.begin() + static_cast<std::ptrdiff_t>(line_begin),
                      text_.begin() + static_cast<std::ptrdiff_t>(where),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
    out_.problems.push_back({at, std::move(message)});
    return false;
  }

  bool read_line() {
    skip_blanks();
    if (is_at_line_end() || text_[at_] == '#') return true;
    const auto begin = at_;
    const auto line_end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    if (text_.substr(at_).starts_with("export") && at_ + 6 < text_.size() &&
        is_blank(text_[at_ + 6])) {
      at_ += 6;
      skip_blanks();
    }
    const auto name_begin = at_;
    const auto equals = text_.find('=', at_);
    if (equals == std::string_view::npos || equals >= line_end) {
      return refuse(begin, "expected KEY=VALUE, but there is no '=' on this line");
    }
    const auto name = text_.substr(name_begin, equals - name_begin);
    if (!is_name(name)) {
      const bool has_blank = !name.empty() && is_blank(name.back());
      return refuse(name_begin, has_blank ? "remove the blank before '='"
                                          : "not a name for a variable; use letters, digits and _, "
                                            "no digit first");
    }
    at_ = equals + 1;
    std::string value;
    if (!read_value(value)) return false;
    out_.entries.emplace_back(name, std::move(value));
    return true;
  }

  bool read_value(std::string& value) {
    if (is_at_line_end()) return true;
    if (text_[at_] == '\'' || text_[at_] == '"') return read_quoted(text_[at_], value);
    return read_bare(value);
  }

  bool read_bare(std::string& value) {
    const auto begin = at_;
    const auto line_end = std::min(text_.find('\n', at_), text_.size());
    auto raw = text_.substr(begin, line_end - begin);
    for (auto hash = raw.find('#'); hash != std::string_view::npos;
         hash = raw.find('#', hash + 1)) {
      if (hash == 0 || is_blank(raw[hash - 1])) {
        raw = raw.substr(0, hash);
        break;
      }
    }
    while (!raw.empty() && (is_blank(raw.back()) || raw.back() == '\r')) raw.remove_suffix(1);
    if (!raw.empty() && is_blank(raw.front())) {
      return refuse(begin, "remove the blank after '=', or put the value in quotes");
    }
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (const auto why = not_literal(raw.substr(i)); !why.empty()) {
        return refuse(begin + i, std::string{why} + "; put the value in single quotes to keep it "
                                                    "as it stands");
      }
    }
    value = raw;
    return true;
  }

  // Why a shell would not take the first character as it stands; empty when it would.
  static std::string_view not_literal(std::string_view rest) {
    const char next = rest.size() > 1 ? rest[1] : ' ';
    switch (rest.front()) {
    case '$':
      if (is_letter(next) || next == '{' || next == '(') return "nothing is expanded here";
      return {};
    case '`':
      return "no command is run here";
    case '\\':
      return "a backslash has a meaning of its own here";
    case '"':
    case '\'':
      return "a quote in the middle of a value";
    case '\r':
      return "a carriage return in the middle of a value";
    case '\0':
      return "a variable cannot hold a NUL byte";
    default:
      return {};
    }
  }

  bool read_quoted(char quote, std::string& value) {
    const auto begin = at_++;
    for (; !is_at_end() && text_[at_] != quote; ++at_) {
      const char c = text_[at_];
      if (c == '\0') return refuse(at_, "a variable cannot hold a NUL byte");
      if (c == '\r' && text_.substr(at_).starts_with("\r\n")) continue; // The line's end.
      if (quote == '\'' || (c != '\\' && c != '$' && c != '`')) {
        value += c;
      } else if (c != '\\') {
        const auto why = not_literal(text_.substr(at_));
        if (!why.empty()) {
          return refuse(at_, std::string{why} + "; write \\" + c + ", or use single quotes");
        }
        value += c;
      } else if (!read_escape(value)) {
        return false;
      }
    }
    if (is_at_end()) {
      at_ = begin; // The lines behind it are read as lines again.
      return refuse(begin, std::string{"the quote "} + quote + " is not closed");
    }
    ++at_;
    const auto behind = at_;
    skip_blanks();
    const bool is_comment = at_ > behind && !is_at_end() && text_[at_] == '#';
    if (is_at_line_end() || is_comment) return true;
    return refuse(behind, "text behind the closing quote; put the whole value into one pair");
  }

  bool read_escape(std::string& value) {
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    constexpr std::string_view known = "\"\\$`nrt";
    constexpr std::string_view means = "\"\\$`\n\r\t";
    const auto which = known.find(next);
    if (next == '\0' || which == std::string_view::npos) {
      return refuse(at_, "in double quotes a backslash stands only before one of \" \\ $ ` n r t; "
                         "write \\\\ for a backslash");
    }
    value += means[which];
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  env_file_content out_;
};

} // namespace

env_file_content parse_env_file(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (text.size() > env_file_bytes_max) {
    return {{},
            {{.at = {.line = 1, .column = 1},
              .message = "the file is larger than " + std::to_string(env_file_bytes_max) +
                         " bytes; is it a file of variables?"}}};
  }
  return env_reader{text}.read();
}

namespace {

// One byte more than allowed, so that it is seen to be too much. A pipe is not opened: nobody may
// ever write to it, and it can be read once only.
expected<std::string> text_of(const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  if (kind == std::filesystem::file_type::fifo || kind == std::filesystem::file_type::socket ||
      kind == std::filesystem::file_type::directory) {
    return failure{
        errc::start_failed,
        "cannot read env_file " + path +
            ": it is a pipe, a socket or a folder; it is read more than once, so it must "
            "be a file"};
  }
  std::ifstream in{path, std::ios::binary};
  std::string text(env_file_bytes_max + 4, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return system_failure("cannot read env_file " + path, errno);
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

} // namespace

expected<std::vector<std::pair<std::string, std::string>>> read_env_file(const std::string& path) {
  const auto text = text_of(path);
  if (!text) return text.error();
  auto content = parse_env_file(*text);
  if (content.problems.empty()) return std::move(content.entries);
  const auto& first = content.problems.front();
  return failure{errc::bad_data, path + ":" + std::to_string(first.at.line) + ":" +
                                     std::to_string(first.at.column) + ": " + first.message};
}

std::vector<diagnostic> check_env_files(const troupe_spec& spec) {
  std::vector<diagnostic> out;
  std::set<std::string> seen;
  const auto check = [&](const std::vector<path_ref>& files, const std::string& key) {
    for (const auto& file : files) {
      const auto text = text_of(file.path);
      if (!text || !seen.insert(file.path).second) continue;
      for (const auto& one : parse_env_file(*text).problems) {
        out.push_back({.code = problem::syntax,
                       .weight = severity::error,
                       .file = file.path,
                       .at = one.at,
                       .path = key,
                       .message = one.message,
                       .excerpt = std::string{line_of(*text, one.at.line)}});
      }
    }
  };
  check(spec.env_files, "env_file");
  for (const auto& pool : spec.pools) check(pool.env_files, "pools." + pool.name + ".env_file");
  return out;
}

} // namespace troupe::config
