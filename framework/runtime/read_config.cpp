// Part of Troupe; see LICENSE.

#include "troupe/runtime/read_config.hpp"

#include "troupe/actors/catalogue.hpp"
#include "troupe/config/env_file.hpp"
#include "troupe/pipeline/worker_list.hpp"
#include "troupe/runtime/run_check.hpp"

#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

namespace {

config::value_type type_of(actors::setting_type type) {
  switch (type) {
  case actors::setting_type::text:
    return config::value_type::text;
  case actors::setting_type::path:
    return config::value_type::path;
  case actors::setting_type::integer:
    return config::value_type::integer;
  case actors::setting_type::boolean:
    return config::value_type::boolean;
  case actors::setting_type::word:
    return config::value_type::word;
  case actors::setting_type::text_list:
    return config::value_type::text_list;
  }
  return config::value_type::any;
}

config::builtin_role role_of(worker_role role) {
  switch (role) {
  case worker_role::source:
    return config::builtin_role::source;
  case worker_role::transform:
    return config::builtin_role::transform;
  case worker_role::aggregation:
    return config::builtin_role::aggregate;
  case worker_role::sink:
    return config::builtin_role::sink;
  }
  return config::builtin_role::transform;
}

config::known_builtins builtins() {
  config::known_builtins out;
  for (const auto& from : actors::builtins()) {
    config::known_builtin made;
    made.name = from.name;
    made.role = role_of(from.role);
    made.input_type = from.input_type;
    made.output_type = from.output_type;
    made.is_single = from.is_single;
    made.is_in_host = from.is_in_host;
    made.own_stream = from.own_stream;
    made.own_descriptor = from.own_descriptor;
    for (const auto& key : from.settings) {
      made.keys.push_back({key.name, type_of(key.type), key.is_required, key.words});
    }
    out.push_back(std::move(made));
  }
  return out;
}

// Types of messages that the worker types of this program read or write.
std::vector<std::string> message_types() {
  std::set<std::string> names;
  for (const auto* one = worker_list(); one != nullptr; one = one->next) {
    for (const auto describe : {one->input, one->output}) {
      if (describe != nullptr) names.insert(describe().name);
    }
  }
  for (const auto* const known : {"", "bytes", "string", "json"}) names.erase(known);
  return {names.begin(), names.end()};
}

config::load_options options_with(const config_values& set) {
  config::load_options options;
  options.set = set;
  std::error_code problem; // Of a folder that is gone: then there is nothing to be relative to.
  options.set_directory = std::filesystem::current_path(problem).string();
  options.builtins = builtins();
  options.message_types = message_types();
  return options;
}

config::load_result with_more_checks(config::load_result out) {
  if (!out.spec) return out;
  const auto add = [&](std::vector<config::diagnostic> more) {
    out.diagnostics.insert(out.diagnostics.end(), std::make_move_iterator(more.begin()),
                           std::make_move_iterator(more.end()));
  };
  add(check_runnable(*out.spec));
  config::sort_by_position(out.diagnostics);
  add(config::check_env_files(*out.spec));
  return out;
}

} // namespace

config::load_result read_config(const std::string& path, const config_values& set) {
  return with_more_checks(config::load_file(path, options_with(set)));
}

config::load_result read_config_text(std::string text, const std::string& name,
                                     const config_values& set) {
  return with_more_checks(config::load_text(std::move(text), name, "", options_with(set)));
}

} // namespace troupe
