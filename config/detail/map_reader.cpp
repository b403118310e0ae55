// Part of Troupe; see LICENSE.

#include "troupe/config/detail/map_reader.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/config/detail/hints.hpp"

#include <algorithm>

namespace troupe::config::detail {

location place_of(const entry& one) {
  const auto& value = *one.value;
  if (value.what == node::kind::null && value.text.empty()) return one.at;
  return value.what == node::kind::scalar || value.at.line == one.at.line ? value.at : one.at;
}

map_reader::map_reader(context& owner, const node& map, section in, std::string path, location at)
    : owner_{&owner}, map_{&map}, in_{in}, path_{std::move(path)}, at_{at} {
  check_keys();
}

void map_reader::check_keys() const {
  for (const auto& one : map_->entries) {
    const auto path = path_to(one.key);
    const auto* const row = find_key(in_, one.key);
    if (row == nullptr && !one.key.starts_with("x-")) {
      owner_->error(problem::unknown_key, one.at, path, explain_unknown_key(in_, one.key));
    } else if (row != nullptr && row->status == availability::planned) {
      owner_->error(problem::planned_key, one.at, path,
                    "planned, not available in this build; remove it");
    }
  }
}

std::string map_reader::path_to(std::string_view key) const {
  return path_.empty() ? shown(key) : path_ + '.' + shown(key);
}

const entry* map_reader::find(std::string_view key) const {
  const auto* const row = find_key(in_, key);
  TROUPE_ASSERT(row != nullptr);
  return row->status == availability::planned ? nullptr : map_->find(key);
}

bool map_reader::has_own(std::string_view key) const {
  const auto* const found = find(key);
  return found != nullptr && !found->is_default;
}

std::optional<value_at> map_reader::value(std::string_view key) const {
  const auto* const found = find(key);
  if (found == nullptr) return std::nullopt;
  if (found->value->what == node::kind::null && found->value->text.empty()) {
    const auto& row = *find_key(in_, key);
    const auto expected = row.type == value_type::word ? "one of " + comma_list(words_in(row.words))
                                                       : std::string{description_of(row.type)};
    error(key, problem::wrong_type, "expected " + expected + ", got nothing");
    return std::nullopt;
  }
  return value_at{*owner_, *found->value, path_to(key), *find_key(in_, key)};
}

void map_reader::text(std::string_view key, std::string& target, expansion_time when) const {
  if (const auto found = value(key)) {
    if (auto read = read_text(*found, when)) target = std::move(*read);
  }
}

void map_reader::boolean(std::string_view key, bool& target) const {
  if (const auto found = value(key)) {
    if (const auto read = read_boolean(*found)) target = *read;
  }
}

void map_reader::number(std::string_view key, double& target) const {
  if (const auto found = value(key)) {
    if (const auto read = read_number(*found)) target = *read;
  }
}

void map_reader::time(std::string_view key, duration& target) const {
  if (const auto found = value(key)) {
    if (const auto read = read_duration(*found)) target = *read;
  }
}

void map_reader::size(std::string_view key, std::uint64_t& target) const {
  if (const auto found = value(key)) {
    if (const auto read = read_size(*found)) target = *read;
  }
}

void map_reader::signal(std::string_view key, int& target) const {
  if (const auto found = value(key)) {
    if (const auto read = read_signal(*found)) target = *read;
  }
}

std::optional<std::string> map_reader::word(std::string_view key) const {
  const auto found = value(key);
  return found ? read_word(*found) : std::nullopt;
}

bool map_reader::is_word(std::string_view key, std::string_view word) const {
  const auto* const found = find(key);
  if (found == nullptr) return false;
  return peek_word({*owner_, *found->value, path_to(key), *find_key(in_, key)}) == word;
}

std::vector<std::string> map_reader::text_list(std::string_view key, expansion_time when) const {
  const auto found = value(key);
  return found ? read_text_list(*found, when) : std::vector<std::string>{};
}

std::map<std::string, std::string> map_reader::text_map(std::string_view key,
                                                        expansion_time when) const {
  const auto found = value(key);
  return found ? read_text_map(*found, when) : std::map<std::string, std::string>{};
}

std::optional<map_reader> map_reader::map(std::string_view key) const {
  const auto found = value(key);
  if (!found) return std::nullopt;
  if (found->value.what != node::kind::map) {
    found->wrong_type();
    return std::nullopt;
  }
  return map_reader{*owner_, found->value, found->row.inner, found->path, find(key)->at};
}

void map_reader::error(std::string_view key, problem code, std::string message) const {
  const auto* const found = map_->find(key);
  owner_->error(code, found == nullptr ? at_ : found->at, path_to(key), std::move(message));
}

} // namespace troupe::config::detail
