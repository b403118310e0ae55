// Part of Troupe; see LICENSE.

#include "troupe/pipeline/config_text.hpp"

#include "troupe/base/json_text.hpp"

namespace troupe::pipeline {
namespace {

// Numbers stay as they were written: 10.10 is no 10.1.
void flatten(std::string_view value, const std::string& key,
             std::vector<worker_config::entry>& into) {
  const auto child = [&](const std::string& name) { return key.empty() ? name : key + '.' + name; };
  if (const auto members = json_text::members(value)) {
    for (const auto& [name, inner] : *members) flatten(inner, child(name), into);
  } else if (const auto elements = json_text::elements(value)) {
    for (std::size_t i = 0; i < elements->size(); ++i) {
      flatten((*elements)[i], child(std::to_string(i)), into);
    }
  } else if (value != "null") {
    into.emplace_back(key, json_text::decode(value).value_or(std::string{value}));
  }
}

} // namespace

expected<worker_config> parse_config(std::string_view text, std::string pool, std::uint32_t replica,
                                     bool is_resumed) {
  std::vector<worker_config::entry> entries;
  if (json_text::members(text)) {
    flatten(text, {}, entries);
  } else if (text != "null") {
    return failure{errc::bad_data, "the config of pool '" + pool + "' is not a JSON object"};
  }
  return worker_config{std::move(entries), std::string{text}, std::move(pool), replica, is_resumed};
}

} // namespace troupe::pipeline
