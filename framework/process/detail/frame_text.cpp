// Part of Troupe; see LICENSE.

#include "troupe/process/detail/frame_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iterator>

namespace troupe::detail {

namespace {

using std::size_t;
constexpr std::string_view place_mark = " at ";

bool is_of_word(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '$' ||
         letter == '.';
}

/// Reads a demangled function from the left, up to the end of its name.
class name_scanner {
public:
  explicit name_scanner(std::string_view text) : text_{text} {}

  /// Where the name begins and ends; what follows it is of no interest.
  void run() {
    while (at_ < text_.size() && !is_done_) step();
    if (!is_done_) end_ = at_;
  }
  [[nodiscard]] std::string_view name() const { return text_.substr(begin_, end_ - begin_); }
  [[nodiscard]] size_t end() const { return end_; }

private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] bool has_name() const { return at_ > begin_; }

  void finish() {
    end_ = at_;
    is_done_ = true;
  }
  // What was read belongs to the result, or is punctuation of a declarator.
  void begin_after(size_t length) {
    at_ += length;
    begin_ = at_;
  }

  void step() {
    switch (text_[at_]) {
    case ' ':
      on_space();
      break;
    case '(':
      on_parenthesis();
      break;
    case '<':
    case '{':
    case '[':
      skip_brackets();
      break;
    case '*':
    case '&':
    case ')':
      begin_after(1);
      break;
    default:
      is_at_operator() ? skip_operator() : skip_word();
    }
  }

  // Between result and name, unless the name has ended: "main at /p.cpp:1", "run [clone .cold]".
  void on_space() {
    const bool is_end = rest().starts_with(place_mark) || rest().starts_with(" [clone");
    if (has_name() && is_end) return finish();
    begin_after(1);
  }

  void on_parenthesis() {
    if (rest().starts_with("(anonymous namespace)")) {
      at_ += std::string_view{"(anonymous namespace)"}.size();
    } else if (is_behind_decltype()) {
      skip_brackets();
    } else if (!has_name()) {
      begin_after(1); // The name stands in a declarator: "int (*f(char))(long)".
    } else {
      on_arguments();
    }
  }

  [[nodiscard]] bool is_behind_decltype() const {
    constexpr std::string_view word = "decltype";
    auto before = text_.substr(0, at_);
    if (before.ends_with(' ')) before.remove_suffix(1);
    if (!before.ends_with(word)) return false;
    before.remove_suffix(word.size());
    return before.empty() || !is_of_word(before.back());
  }

  // Those of the function itself end its name; those of one around it, "f(int)
  // const::{lambda()#1}", do not.
  void on_arguments() {
    const auto arguments = at_;
    skip_brackets();
    skip_qualifiers();
    if (rest().starts_with("::")) return;
    at_ = arguments;
    finish();
  }

  void skip_qualifiers() {
    static constexpr std::string_view qualifiers[] = {" const", " volatile", " &&", " &"};
    for (bool has_any = true; has_any;) {
      has_any = false;
      for (const auto each : qualifiers) {
        if (!rest().starts_with(each)) continue;
        at_ += each.size();
        has_any = true;
      }
    }
  }

  void skip_word() {
    do ++at_;
    while (at_ < text_.size() && is_of_word(text_[at_]) && is_of_word(text_[at_ - 1]));
  }

  [[nodiscard]] bool is_at_operator() const {
    constexpr std::string_view word = "operator";
    return rest().starts_with(word) && (at_ == 0 || !is_of_word(text_[at_ - 1])) &&
           (rest().size() == word.size() || !is_of_word(rest()[word.size()]));
  }

  void skip_operator() {
    at_ += std::string_view{"operator"}.size();
    // Longer ones first.
    static constexpr std::string_view symbols[] = {
        "<=>", "->*", "<<=", ">>=", "()", "[]", "->", "<<", ">>", "<=", ">=", "==", "!=",
        "&&",  "||",  "++",  "--",  "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "+",
        "-",   "*",   "/",   "%",   "^",  "&",  "|",  "~",  "!",  "=",  "<",  ">",  ","};
    static constexpr std::string_view words[] = {"\"\" ", "\"\"",    " new[]",   " delete[]",
                                                 " new",  " delete", " co_await"};
    const auto starts_rest = [&](std::string_view each) { return rest().starts_with(each); };
    if (const auto* found = std::find_if(std::begin(symbols), std::end(symbols), starts_rest);
        found != std::end(symbols)) {
      at_ += found->size();
      if (rest().starts_with(" <")) ++at_; // "operator< <int>".
    } else if (found = std::find_if(std::begin(words), std::end(words), starts_rest);
               found != std::end(words)) {
      at_ += found->size();
    } else if (rest().starts_with(' ')) {
      skip_converted_type();
    }
  }

  // "operator int (*)(int)()": the type goes on up to the empty argument list that is last.
  void skip_converted_type() {
    while (at_ < text_.size() && !rest().starts_with(place_mark)) {
      const bool is_empty_list = rest().starts_with("()");
      if (is_empty_list && !rest().starts_with("()(")) return;
      if (std::string_view{"(<{["}.find(text_[at_]) != std::string_view::npos) {
        skip_brackets();
      } else {
        ++at_;
      }
    }
  }

  // From an opening bracket behind its closing one, or to the end.
  void skip_brackets() {
    const char opening = text_[at_++];
    const char closing = opening == '(' ? ')' : opening == '<' ? '>' : opening == '{' ? '}' : ']';
    int depth = 1;
    while (at_ < text_.size() && depth > 0) {
      const char letter = text_[at_];
      if (is_at_operator()) {
        skip_operator_symbol();
      } else if (opening == '<' && letter != '<' && is_opening(letter)) {
        skip_flat();
      } else {
        if (letter == opening) ++depth;
        if (letter == closing) --depth;
        ++at_;
      }
    }
  }

  static bool is_opening(char letter) { return letter == '(' || letter == '{' || letter == '['; }

  // As above, of brackets in template arguments: a "<" or ">" in there may be an operator.
  void skip_flat() {
    int depth = 0;
    do {
      const char letter = text_[at_++];
      if (is_opening(letter)) ++depth;
      if (letter == ')' || letter == '}' || letter == ']') --depth;
    } while (at_ < text_.size() && depth > 0);
  }

  void skip_operator_symbol() {
    at_ += std::string_view{"operator"}.size();
    while (at_ < text_.size() &&
           std::string_view{"<>=-*"}.find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
    // "f<&job::operator->()": the operator is a minus. Behind a ">" of its own stood a space.
    const bool is_apart = rest().empty() || text_[at_] == ' ' || text_[at_] == ',';
    if (text_[at_ - 1] == '>' && !is_apart) --at_;
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool is_done_ = false;
};

} // namespace

namespace {

// "libparse.so+0x1f3", of a library without names.
bool is_offset(std::string_view function) {
  const auto plus = function.rfind("+0x");
  return plus != std::string_view::npos &&
         function.find_first_not_of("0123456789abcdef", plus + 3) == std::string_view::npos;
}

} // namespace

frame_text parse_frame(std::string_view line) {
  if (line.starts_with('#')) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
  name_scanner scanner{line};
  scanner.run();
  const auto mark = line.find(place_mark, scanner.end());
  frame_text out{scanner.name(), {}};
  if (mark != std::string_view::npos) out.place = line.substr(mark + place_mark.size());
  const auto function = line.substr(0, mark);
  if (out.name.empty() || is_offset(function)) out.name = function;
  return out;
}

} // namespace troupe::detail
