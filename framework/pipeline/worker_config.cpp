// Part of Troupe; see LICENSE.

#include "troupe/pipeline/worker_config.hpp"

#include "troupe/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

template<class Value>
const Value* find_in(const std::vector<std::pair<std::string, Value>>& from, std::string_view key) {
  const auto found =
      std::find_if(from.begin(), from.end(), [&](const auto& one) { return one.first == key; });
  return found == from.end() ? nullptr : &found->second;
}

std::string_view name_of(worker_config::shape what) {
  switch (what) {
  case worker_config::shape::nothing:
    return "nothing";
  case worker_config::shape::list:
    return "a list";
  case worker_config::shape::map:
    return "a map";
  }
  return "no value";
}

std::string is_not(const std::string& shown, std::string_view wanted) {
  return "is " + shown + ", not " + std::string{wanted};
}

std::string in_quotes(const std::string& value) {
  return '\'' + text::printable(value) + '\'';
}

bool is_index(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

constexpr std::string_view correct_or_remove = "correct it, or remove the key to have the default";

} // namespace

std::optional<std::string> worker_config::get(std::string_view key) const {
  return single(key, "a single value");
}

std::string worker_config::text(std::string_view key) const {
  if (auto value = single(key, "text")) return *std::move(value);
  refuse(key, "is missing", "add it to the pool's config");
}

std::string worker_config::text(std::string_view key, std::string_view otherwise) const {
  return single(key, "text").value_or(std::string{otherwise});
}

std::int64_t worker_config::number(std::string_view key, std::int64_t otherwise) const {
  constexpr std::string_view wanted = "a whole number";
  const auto value = single(key, wanted);
  if (!value) return otherwise;
  std::int64_t number = 0;
  const auto* const end = value->data() + value->size();
  const auto [stop, problem] = std::from_chars(value->data(), end, number);
  if (problem == std::errc{} && stop == end) return number;
  const bool is_too_large = problem == std::errc::result_out_of_range && stop == end;
  refuse(key,
         is_not(in_quotes(*value), is_too_large ? "a whole number that 64 bits can hold" : wanted),
         correct_or_remove);
}

bool worker_config::flag(std::string_view key, bool otherwise) const {
  constexpr std::string_view wanted = "true or false";
  const auto value = single(key, wanted);
  if (!value) return otherwise;
  if (*value == "true") return true;
  if (*value == "false") return false;
  refuse(key, is_not(in_quotes(*value), wanted), correct_or_remove);
}

std::vector<std::string> worker_config::list(std::string_view key) const {
  const auto* const what = shape_of(key);
  const bool is_list = what != nullptr && *what == shape::list;
  if (!is_list) {
    if (auto one = single(key, "a list")) return {*std::move(one)};
  }
  std::vector<std::string> values;
  for (;;) {
    auto value = single(std::string{key} + '.' + std::to_string(values.size()), "text");
    if (!value) return values;
    values.push_back(*std::move(value));
  }
}

// What is there and no single value is an error, also where nothing would do.
std::optional<std::string> worker_config::single(std::string_view key,
                                                 std::string_view wanted) const {
  if (const auto* const found = find_in(entries_, key)) return *found;
  if (const auto* const what = shape_of(key)) {
    refuse(key, is_not(std::string{name_of(*what)}, wanted), correct_or_remove);
  }
  for (auto dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.', dot + 1)) {
    const auto next = key.substr(dot + 1);
    check_holds(key.substr(0, dot), is_index(next.substr(0, next.find('.'))));
  }
  return std::nullopt;
}

// `a` must not be a text when somebody asks for `a.b`.
void worker_config::check_holds(std::string_view key, bool may_be_list) const {
  const std::string_view wanted = may_be_list ? "a list" : "a map";
  if (const auto* const text = find_in(entries_, key)) {
    refuse(key, is_not(in_quotes(*text), wanted), correct_or_remove);
  }
  const auto* const what = shape_of(key);
  if (what == nullptr || *what == shape::map || (*what == shape::list && may_be_list)) return;
  refuse(key, is_not(std::string{name_of(*what)}, wanted), correct_or_remove);
}

const worker_config::shape* worker_config::shape_of(std::string_view key) const noexcept {
  return find_in(shapes_, key);
}

void worker_config::refuse(std::string_view key, const std::string& what,
                           std::string_view advice) const {
  // Of a key that is missing, the place of the config.
  const auto* place = find_in(places_, key);
  if (place == nullptr) place = find_in(places_, "");
  throw stage_failed{(place == nullptr ? "" : *place + ": ") + "config." + std::string{key} + ' ' +
                     what + "; " + std::string{advice}};
}

} // namespace troupe
