// Part of Troupe; see LICENSE.

#include "troupe/base/descriptor_path.hpp"
#include "troupe/base/text.hpp"
#include "troupe/config/detail/hints.hpp"
#include "troupe/config/detail/pool_draft.hpp"
#include "troupe/config/units.hpp"

#include <algorithm>

namespace troupe::config::detail {

namespace {

// A setting in the two forms of a pool_spec: for the actor, and for people.
struct setting {
  std::string json;
  std::string yaml;
};

setting plain(std::string text) {
  return {.json = text, .yaml = std::move(text)};
}

setting as_text(std::string_view text) {
  auto json = quoted_json(text);
  auto yaml = escape_references(json, expansion_time::load);
  return {.json = std::move(json), .yaml = std::move(yaml)};
}

setting from_json(std::string json) {
  auto yaml = escape_references(json, expansion_time::load);
  return {.json = std::move(json), .yaml = std::move(yaml)};
}

template<class T, class F>
std::optional<setting> made(const std::optional<T>& value, F make) {
  return value ? std::optional<setting>{make(*value)} : std::nullopt;
}

std::optional<setting> as_texts(const value_at& from) {
  std::string json;
  for (const auto& text : read_text_list(from, expansion_time::load)) {
    json += (json.empty() ? "" : ", ") + quoted_json(text);
  }
  return from_json('[' + json + ']');
}

std::optional<setting> as_text_map(const value_at& from) {
  std::string json;
  for (const auto& [name, text] : read_text_map(from, expansion_time::load)) {
    json += (json.empty() ? "" : ", ") + quoted_json(name) + ": " + quoted_json(text);
  }
  return from_json('{' + json + '}');
}

// Relative to the folder of the file, where the actor will be; what was typed, to where it was.
std::optional<setting> as_path(const value_at& from) {
  auto text = read_text(from);
  if (!text) return std::nullopt;
  static const std::string nowhere;
  return as_text(resolve_path(from.base(nowhere), *text));
}

std::optional<setting> read_setting(const value_at& from) {
  switch (from.row.type) {
  case value_type::integer:
    return made(read_integer(from),
                [](std::int64_t value) { return plain(std::to_string(value)); });
  case value_type::boolean:
    return made(read_boolean(from), [](bool value) { return plain(value ? "true" : "false"); });
  case value_type::duration:
    return made(read_duration(from), [](duration value) {
      return setting{.json = std::to_string(value.count()), .yaml = format_duration(value)};
    });
  case value_type::size:
    return made(read_size(from), [](std::uint64_t value) {
      return setting{.json = std::to_string(value), .yaml = format_size(value)};
    });
  case value_type::word:
    return made(read_word(from), as_text);
  case value_type::text_list:
    return as_texts(from);
  case value_type::text_map:
    return as_text_map(from);
  case value_type::number:
    return made(read_number(from), [](double value) { return plain(format_number(value)); });
  case value_type::any:
    return from_json(read_json(from));
  case value_type::path:
    return as_path(from);
  case value_type::text:
  case value_type::name:
  case value_type::signal:
  case value_type::exit_list:
  case value_type::reference:
  case value_type::references:
  case value_type::map:
  case value_type::named_maps:
    break;
  }
  return made(read_text(from), as_text);
}

std::string explain_setting(const known_builtin& ready_made, std::string_view key) {
  const auto names = names_of(ready_made.keys);
  if (const auto guess = did_you_mean(key, names); !guess.empty()) return "unknown key" + guess;
  return "unknown key; builtin '" + ready_made.name + "' has " +
         (names.empty() ? "none" : comma_list(names));
}

const known_builtin* find_known(const known_builtins& known, std::string_view name) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const known_builtin& one) { return one.name == name; });
  return found == known.end() ? nullptr : &*found;
}

bool has_key(const known_builtin& ready_made, std::string_view name) {
  return std::any_of(ready_made.keys.begin(), ready_made.keys.end(),
                     [&](const builtin_key& key) { return key.name == name; });
}

// A path may name a descriptor of this process, and means another thing in the worker that would
// open it. Returns the builtin that uses the descriptor itself; null: it is a path like others.
const known_builtin* own_stream_behind(const value_at& path, const known_builtin& ready_made,
                                       const known_builtins& known) {
  const auto text = read_text(path);
  if (!text) return nullptr;
  static const std::string nowhere;
  const bool is_dash = *text == "-" && !ready_made.own_stream.empty();
  const auto resolved = resolve_path(path.base(nowhere), *text);
  // Where other relative paths begin is known only when all is read; they are looked at then.
  const bool is_known = resolved.starts_with('/');
  const auto named = is_known ? descriptor_named_by(resolved) : std::nullopt;
  const auto number = is_dash ? std::optional{ready_made.own_descriptor} : named;
  if (!number) return nullptr;
  if (number == ready_made.own_descriptor) return find_known(known, ready_made.own_stream);
  const bool is_log = number == 2 && ready_made.role == builtin_role::sink;
  if (!is_log) {
    path.error(problem::out_of_range,
               in_quotes(*text) + " is descriptor " + std::to_string(*number) +
                   " of whoever opens it, and the worker that would has not that of this run; name "
                   "a file, or use the builtins stdin and stdout");
  }
  return nullptr;
}

void read_settings(const value_at& from, location at, const known_builtins& known_all,
                   pool_draft& out) {
  const auto& ready_made = *out.ready_made;
  static const node no_settings{.what = node::kind::map,
                                .at = {},
                                .text = {},
                                .is_plain = false,
                                .items = {},
                                .entries = {},
                                .weight = 1};
  const auto& settings = from.value.what == node::kind::null ? no_settings : from.value;
  if (settings.what != node::kind::map) return from.wrong_type();
  std::vector<std::pair<std::string, setting>> read;
  const known_builtin* own_stream = nullptr;
  for (const auto& one : settings.entries) {
    const auto path = from.path + '.' + shown(one.key);
    const auto known = std::find_if(ready_made.keys.begin(), ready_made.keys.end(),
                                    [&](const builtin_key& key) { return key.name == one.key; });
    if (known == ready_made.keys.end()) {
      from.owner.error(problem::unknown_key, one.at, path, explain_setting(ready_made, one.key));
      continue;
    }
    const auto words = text::join(known->words, " ");
    const key_row row{
        .in = section::pool, .name = known->name, .type = known->type, .words = words};
    const value_at setting_at{from.owner, *one.value, path, row};
    const auto value = read_setting(setting_at);
    if (!value) continue;
    if (row.type == value_type::path) {
      if (const auto* const stream = own_stream_behind(setting_at, ready_made, known_all)) {
        own_stream = stream;
      }
    }
    read.emplace_back(one.key, *value);
  }
  std::string json;
  std::string yaml;
  for (const auto& [key, value] : read) {
    if (own_stream != nullptr && !has_key(*own_stream, key)) continue;
    const auto separator = json.empty() ? "" : ", ";
    json += separator + quoted_json(key) + ": " + value.json;
    yaml += separator + key + ": " + value.yaml;
  }
  for (const auto& key : ready_made.keys) {
    if (!key.is_required || settings.find(key.name) != nullptr) continue;
    from.owner.error(problem::missing_key, at, from.path + '.' + key.name,
                     "required by builtin '" + ready_made.name + "'");
  }
  out.spec.config_json = '{' + json + '}';
  out.spec.config_yaml = '{' + yaml + '}';
  if (own_stream == nullptr) return;
  out.is_stream_by_path = true;
  out.ready_made = own_stream;
  out.spec.builtin = own_stream->name;
}

const known_builtin* find_builtin(const value_at& from, location at, const std::string& name,
                                  const known_builtins& known) {
  if (const auto* const found = find_known(known, name)) return found;
  from.owner.error(problem::unknown_reference, at, from.path,
                   "no builtin is called " + in_quotes(name) + offer(name, names_of(known)));
  return nullptr;
}

} // namespace

void read_builtin(const value_at& from, const entry& one, const known_builtins& known,
                  pool_draft& out) {
  const auto use = [&](const std::string& name, location at, const node& settings) {
    out.ready_made = find_builtin(from, at, name, known);
    out.spec.builtin = name;
    if (out.ready_made == nullptr) return;
    out.spec.role = out.ready_made->role;
    const key_row row{.in = section::pool, .name = "builtin", .type = value_type::map};
    read_settings({from.owner, settings, from.path + '.' + name, row}, at, known, out);
    out.spec.is_in_host = out.ready_made->is_in_host;
  };
  if (from.is_scalar()) {
    static const node nothing;
    if (const auto name = read_text(from)) use(*name, from.value.at, nothing);
    return;
  }
  if (from.value.what != node::kind::map || from.value.entries.size() != 1) {
    from.owner.error(
        problem::wrong_type, one.at, from.path,
        "expected the name of a builtin, or a map with that name as its only key, got " +
            (from.value.what == node::kind::map
                 ? "a map with " + std::to_string(from.value.entries.size()) + " keys"
                 : describe(from.value)));
    return;
  }
  const auto& only = from.value.entries.front();
  use(only.key, only.at, *only.value);
}

} // namespace troupe::config::detail
