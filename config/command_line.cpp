// Part of Troupe; see LICENSE.

#include "troupe/config/command_line.hpp"

#include <algorithm>
#include <array>

namespace troupe::config {

namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

// Returns the length of the `${...}` that `text` begins with, with what is nested in it; 0: none.
std::size_t reference_length(std::string_view text) {
  if (!text.starts_with("${")) return 0;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) ++depth;
    if (text[i] == '}' && --depth == 0) return i + 1;
  }
  return 0;
}

class splitter {
public:
  explicit splitter(std::string_view text) : text_{text} {}

  expected<std::vector<std::string>> run() {
    while (!text_.empty()) {
      if (is_blank(text_[0])) {
        finish_word();
        text_.remove_prefix(1);
      } else if (text_[0] == '\'' || text_[0] == '"') {
        if (!take_quoted()) return unbalanced();
      } else {
        take_plain();
      }
    }
    finish_word();
    return std::move(words_);
  }

private:
  void finish_word() {
    if (is_open_) words_.push_back(std::move(word_));
    word_.clear();
    is_open_ = false;
  }

  void take(std::size_t length) {
    word_ += text_.substr(0, length);
    text_.remove_prefix(length);
  }

  void take_plain() {
    is_open_ = true;
    if (const auto length = reference_length(text_)) return take(length);
    if (text_[0] == '\\' && text_.size() > 1) text_.remove_prefix(1);
    take(1);
  }

  bool take_quoted() {
    is_open_ = true;
    quote_ = text_[0];
    text_.remove_prefix(1);
    while (!text_.empty() && text_[0] != quote_) {
      if (const auto length = reference_length(text_)) {
        take(length);
        continue;
      }
      const bool is_escape = quote_ == '"' && text_.size() > 1 && text_[0] == '\\' &&
                             (text_[1] == '"' || text_[1] == '\\');
      if (is_escape) text_.remove_prefix(1);
      take(1);
    }
    if (text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] failure unbalanced() const {
    return {.code = errc::bad_argument,
            .message = std::string{"unbalanced "} + quote_ +
                       " in the command; close the quote, or write the command as a list"};
  }

  std::string_view text_;
  std::vector<std::string> words_;
  std::string word_;
  bool is_open_ = false; // A word has begun; `''` is a word with nothing in it.
  char quote_ = 0;
};

} // namespace

expected<std::vector<std::string>> split_command(std::string_view text) {
  return splitter{text}.run();
}

std::string_view shell_operator(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 11> operators{"|",  "||", "&",  "&&",   ";", ">",
                                                       ">>", "<",  "<<", "2>&1", "2>"};
  for (const auto& word : words) {
    const auto* const found = std::find(operators.begin(), operators.end(), word);
    if (found != operators.end()) return *found;
  }
  return {};
}

} // namespace troupe::config
