// Part of Troupe; see LICENSE.

#include "troupe/base/json_text.hpp"
#include "troupe/config/detail/context.hpp"
#include "troupe/config/detail/hints.hpp"
#include "troupe/config/units.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::config::detail {

namespace {

template<class T>
std::optional<T> checked(const value_at& from, expected<T> result, problem code) {
  if (result) return *std::move(result);
  const bool is_huge = result.error().code == errc::too_large;
  from.error(is_huge ? problem::out_of_range : code, result.error().message);
  return std::nullopt;
}

std::string shown_bound(value_type type, std::int64_t bound) {
  if (type == value_type::duration) return format_duration(duration{bound});
  if (type == value_type::size) return format_size(static_cast<std::uint64_t>(bound));
  return std::to_string(bound);
}

std::string range_of(const key_row& row) {
  if (row.type == value_type::duration && row.min == 1) return "must be longer than 0s";
  if (row.max == no_limit_above) return "must be at least " + shown_bound(row.type, row.min);
  if (row.min == row.max) return "must be " + shown_bound(row.type, row.min);
  return "must be " + shown_bound(row.type, row.min) + " to " + shown_bound(row.type, row.max);
}

template<class T>
std::optional<T> in_range(const value_at& from, std::optional<T> value, const std::string& text) {
  if (!value) return value;
  const auto& row = from.row;
  const bool is_low = row.min != no_limit_below && *value < static_cast<T>(row.min);
  const bool is_high = row.max != no_limit_above && *value > static_cast<T>(row.max);
  if (!is_low && !is_high) return value;
  from.error(problem::out_of_range, range_of(row) + ", got " + shown(text));
  return std::nullopt;
}

std::string alternatives(const key_row& row) {
  std::string out{description_of(row.type)};
  const auto words = words_in(row.words);
  for (std::size_t i = 0; i < words.size() && row.type != value_type::word; ++i) {
    out += (i + 1 == words.size() ? " or " : ", ") + std::string{words[i]};
  }
  return out;
}

// "expected an integer, got 'two'" also says which words would do.
std::optional<std::string> planned_word(const value_at& from, const std::string& text) {
  const auto planned = words_in(from.row.planned_words);
  if (std::find(planned.begin(), planned.end(), text) == planned.end()) return std::nullopt;
  return "'" + text + "' is planned, not available in this build; write one of " +
         comma_list(words_in(from.row.words));
}

} // namespace

void value_at::error(problem code, std::string message) const {
  owner.error(code, value.at, path, std::move(message));
}

void value_at::wrong_type() const {
  error(problem::wrong_type, "expected " + alternatives(row) + ", got " + describe(value));
}

bool value_at::is_scalar() const {
  return value.what == node::kind::scalar ||
         (value.what == node::kind::null && !value.text.empty());
}

const std::string& value_at::base(const std::string& directory) const {
  return owner.vars().base_of(value.text, directory);
}

std::optional<std::string> read_text(const value_at& from, expansion_time when) {
  if (!from.is_scalar()) {
    from.wrong_type();
    return std::nullopt;
  }
  auto text = from.owner.expand(from.value.text, from.value.at, from.path, when);
  if (!text || text->find('\0') == std::string::npos) return text;
  refuse_zero_byte(from);
  return std::nullopt;
}

void refuse_zero_byte(const value_at& from) {
  from.error(problem::out_of_range, "has a zero byte, where the kernel would cut it off: paths, "
                                    "arguments and variables end there; remove it");
}

std::optional<std::int64_t> read_integer(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  auto parsed = parse_integer(*text);
  if (!parsed && !from.row.words.empty() && parsed.error().code != errc::too_large) {
    from.wrong_type();
    return std::nullopt;
  }
  return in_range(from, checked(from, std::move(parsed), problem::wrong_type), *text);
}

std::optional<double> read_number(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  return in_range(from, checked(from, parse_number(*text), problem::wrong_type), *text);
}

std::optional<bool> read_boolean(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  return checked(from, parse_boolean(*text), problem::wrong_type);
}

std::optional<duration> read_duration(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  const auto parsed = checked(from, parse_duration(*text), problem::bad_duration);
  const auto count = parsed ? std::optional{parsed->count()} : std::nullopt;
  if (!in_range(from, count, *text)) return std::nullopt;
  return parsed;
}

std::optional<std::uint64_t> read_size(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  return in_range(from, checked(from, parse_size(*text), problem::bad_size), *text);
}

std::optional<int> read_signal(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  return checked(from, parse_signal(*text), problem::unknown_word);
}

std::optional<std::string> peek_word(const value_at& from) {
  if (!from.is_scalar()) return std::nullopt;
  auto text = from.owner.vars().expand(from.value.text, expansion_time::load).text;
  const auto words = words_in(from.row.words);
  if (std::find(words.begin(), words.end(), text) == words.end()) return std::nullopt;
  return text;
}

std::optional<std::string> read_word(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  const auto words = words_in(from.row.words);
  if (std::find(words.begin(), words.end(), *text) != words.end()) return text;
  if (auto message = planned_word(from, *text)) {
    from.error(problem::planned_key, std::move(*message));
  } else {
    from.error(problem::unknown_word, explain_unknown_word(from.row, *text));
  }
  return std::nullopt;
}

std::vector<std::string> read_text_list(const value_at& from, expansion_time when) {
  std::vector<std::string> out;
  if (from.value.what != node::kind::sequence) {
    from.wrong_type();
    return out;
  }
  const key_row text_row{.in = from.row.in, .name = from.row.name, .type = value_type::text};
  for (std::size_t i = 0; i < from.value.items.size(); ++i) {
    const value_at item{from.owner, *from.value.items[i], from.path + '[' + std::to_string(i) + ']',
                        text_row};
    if (auto text = read_text(item, when)) out.push_back(std::move(*text));
  }
  return out;
}

std::map<std::string, std::string> read_text_map(const value_at& from, expansion_time when) {
  std::map<std::string, std::string> out;
  if (from.value.what != node::kind::map) {
    from.wrong_type();
    return out;
  }
  const key_row text_row{.in = from.row.in, .name = from.row.name, .type = value_type::text};
  for (const auto& one : from.value.entries) {
    const auto path = from.path + '.' + shown(one.key);
    if (!is_variable_name(one.key)) {
      from.owner.error(problem::out_of_range, one.at, path,
                       in_quotes(one.key) +
                           " is not a variable name; use letters, digits and _, no digit first");
      continue;
    }
    if (one.value->what == node::kind::null && one.value->text.empty()) {
      from.owner.error(problem::wrong_type, one.at, path,
                       "expected text, got nothing; write \"\" for empty text");
      continue;
    }
    if (auto text = read_text({from.owner, *one.value, path, text_row}, when)) {
      out.emplace(one.key, std::move(*text));
    }
  }
  return out;
}

std::string quoted_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

// Resolves a scalar without quotes as YAML 1.2's core schema does.
std::string plain_json(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return "true";
  if (text == "false" || text == "False" || text == "FALSE") return "false";
  if (text.empty()) return "null";
  return json_text::is_number(text) ? text : quoted_json(text);
}

} // namespace

std::string read_json(const value_at& from) {
  const auto& value = from.value;
  std::string out;
  switch (value.what) {
  case node::kind::null:
    return "null";
  case node::kind::scalar: {
    // Any text is data here, one with a zero byte, too.
    const auto text = from.owner.expand(value.text, value.at, from.path, expansion_time::load);
    if (!text) return "null";
    return value.is_plain ? plain_json(*text) : quoted_json(*text);
  }
  case node::kind::sequence:
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      if (i != 0) out += ", ";
      out += read_json(
          {from.owner, *value.items[i], from.path + '[' + std::to_string(i) + ']', from.row});
    }
    return '[' + out + ']';
  case node::kind::map:
    for (const auto& one : value.entries) {
      if (!out.empty()) out += ", ";
      out += quoted_json(one.key) + ": " +
             read_json({from.owner, *one.value, from.path + '.' + shown(one.key), from.row});
    }
    return '{' + out + '}';
  }
  return out;
}

} // namespace troupe::config::detail
