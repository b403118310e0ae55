// Part of Troupe; see LICENSE.

#include "troupe/pipeline/config_text.hpp"

#include <nlohmann/json.hpp>

namespace troupe::pipeline {
namespace {

using json = nlohmann::json;

void flatten(const json& value, const std::string& key, std::vector<worker_config::entry>& into) {
  const auto child = [&](const std::string& name) { return key.empty() ? name : key + '.' + name; };
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) flatten(inner, child(name), into);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      flatten(value[i], child(std::to_string(i)), into);
  } else if (value.is_string()) {
    into.emplace_back(key, value.get<std::string>());
  } else if (!value.is_null()) {
    into.emplace_back(key, value.dump());
  }
}

} // namespace

expected<worker_config> parse_config(std::string_view text, std::string pool, std::uint32_t replica,
                                     bool is_resumed) {
  const auto value = json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded() || !(value.is_object() || value.is_null())) {
    return failure{errc::bad_data, "the config of pool '" + pool + "' is not a JSON object"};
  }
  std::vector<worker_config::entry> entries;
  flatten(value, {}, entries);
  return worker_config{std::move(entries), std::string{text}, std::move(pool), replica, is_resumed};
}

} // namespace troupe::pipeline
