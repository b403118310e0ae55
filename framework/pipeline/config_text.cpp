// Part of Troupe; see LICENSE.

#include "troupe/pipeline/config_text.hpp"

#include "troupe/base/json_text.hpp"

namespace troupe::pipeline {
namespace {

struct found_values {
  std::vector<worker_config::entry> entries;
  std::vector<worker_config::shaped> shapes;
};

// Numbers stay as they were written: 10.10 is no 10.1.
void flatten(std::string_view value, const std::string& key, found_values& into) {
  using shape = worker_config::shape;
  const auto child = [&](const std::string& name) { return key.empty() ? name : key + '.' + name; };
  if (const auto members = json_text::members(value)) {
    if (!key.empty()) into.shapes.emplace_back(key, shape::map);
    for (const auto& [name, inner] : *members) flatten(inner, child(name), into);
  } else if (const auto elements = json_text::elements(value)) {
    into.shapes.emplace_back(key, shape::list);
    for (std::size_t i = 0; i < elements->size(); ++i) {
      flatten((*elements)[i], child(std::to_string(i)), into);
    }
  } else if (value == "null") {
    into.shapes.emplace_back(key, shape::nothing);
  } else {
    into.entries.emplace_back(key, json_text::decode(value).value_or(std::string{value}));
  }
}

// Made by the host; without it, messages name no place.
std::vector<worker_config::entry> parse_places(std::string_view text) {
  std::vector<worker_config::entry> out;
  const auto members = json_text::members(text);
  if (!members) return out;
  for (const auto& [key, value] : *members) {
    if (auto place = json_text::decode(value)) out.emplace_back(key, *std::move(place));
  }
  return out;
}

} // namespace

expected<worker_config> parse_config(const config_source& from, std::string pool,
                                     std::uint32_t replica, bool is_resumed) {
  found_values found;
  if (json_text::members(from.json)) {
    flatten(from.json, {}, found);
  } else if (from.json != "null") {
    return failure{errc::bad_data, "the config of pool '" + pool + "' is not a JSON object"};
  }
  worker_config out{std::move(found.entries), std::string{from.json}, std::move(pool), replica,
                    is_resumed};
  out.set_origin(std::move(found.shapes), parse_places(from.places_json));
  return out;
}

} // namespace troupe::pipeline
