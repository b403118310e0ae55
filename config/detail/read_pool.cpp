// Part of Troupe; see LICENSE.

#include "troupe/config/command_line.hpp"
#include "troupe/config/detail/pool_draft.hpp"

#include <array>
#include <filesystem>

namespace troupe::config::detail {

namespace {

constexpr auto at_spawn = expansion_time::spawn;

void read_command(const map_reader& from, pool_spec& out) {
  const auto found = from.value("command");
  if (!found) return;
  if (found->value.what == node::kind::sequence) {
    out.command = read_text_list(*found, at_spawn);
    if (found->value.items.empty()) {
      found->error(problem::out_of_range, "must name a program, got an empty list");
    } else if (out.command.size() == found->value.items.size() && out.command.front().empty()) {
      found->error(problem::out_of_range, "must name a program, got an empty first text");
    }
    return;
  }
  if (!found->is_scalar()) {
    return found->error(problem::wrong_type,
                        "expected a list of text or one text, got " + describe(found->value));
  }
  if (found->value.text.find('\0') != std::string::npos) return refuse_zero_byte(*found);
  const auto words = split_command(found->value.text);
  if (!words) return found->error(problem::syntax, words.error().message);
  if (words->empty())
    return found->error(problem::out_of_range, "must name a program, got nothing");
  if (const auto sign = shell_operator(*words); !sign.empty()) {
    return found->error(problem::bad_combination,
                        "no shell runs a command, so '" + std::string{sign} +
                            "' would be an argument; use 'shell', or a list");
  }
  for (const auto& word : *words) {
    if (auto text = from.owner().expand(word, found->value.at, found->path, at_spawn)) {
      out.command.push_back(std::move(*text));
    }
  }
}

void read_worker(const map_reader& from, pool_spec& out) {
  const auto found = from.value("worker");
  if (!found) return;
  auto name = read_text(*found);
  if (!name) return;
  if (name->empty()) found->error(problem::out_of_range, "must name a worker type, got nothing");
  out.worker = std::move(*name);
}

std::vector<channel_ref> read_references(const map_reader& from, std::string_view key) {
  std::vector<channel_ref> out;
  const auto found = from.value(key);
  if (!found) return out;
  if (found->value.what == node::kind::map) {
    found->error(problem::planned_key,
                 "routes are planned, not available in this build; write a channel or a list");
    return out;
  }
  const auto add = [&](const value_at& one) {
    auto name = read_text(one);
    if (!name) return;
    for (const auto& other : out) {
      if (other.name == *name)
        return one.error(problem::name_used_twice, "channel '" + *name + "' is named twice");
    }
    out.push_back({std::move(*name), one.value.at});
  };
  if (found->is_scalar()) {
    add(*found);
    return out;
  }
  const auto& items = found->value.items;
  if (items.empty())
    found->error(problem::out_of_range, "must name a channel, got an empty list; remove the key");
  for (std::size_t i = 0; i < items.size(); ++i) {
    add({found->owner, *items[i], found->path + '[' + std::to_string(i) + ']', found->row});
  }
  return out;
}

void read_channels_of(const map_reader& from, pool_spec& out) {
  const auto read_either = [&](std::string_view one, std::string_view many,
                               std::vector<channel_ref>& target) {
    if (from.has(one) && from.has(many)) {
      from.error(many, problem::bad_combination,
                 "'" + std::string{one} + "' and '" + std::string{many} +
                     "' mean the same; keep one");
    }
    target = read_references(from, from.has(one) ? one : many);
  };
  read_either("input", "inputs", out.inputs);
  read_either("output", "outputs", out.outputs);
  if (const auto found = from.value("dead_letter")) {
    if (auto name = read_text(*found))
      out.dead_letter = channel_ref{std::move(*name), found->value.at};
  }
}

void read_kind(const map_reader& from, const load_options& options, bool is_template,
               pool_draft& out) {
  constexpr std::array<std::pair<std::string_view, pool_kind>, 4> kinds{
      {{"worker", pool_kind::worker},
       {"command", pool_kind::command},
       {"shell", pool_kind::shell},
       {"builtin", pool_kind::builtin}}};
  std::string_view first;
  for (const auto& [key, kind] : kinds) {
    if (!from.has(key)) continue;
    if (first.empty()) {
      out.spec.kind = kind;
      out.has_kind = true;
      first = key;
    } else {
      out.has_kind = false;
      from.error(key, problem::bad_combination,
                 "'" + std::string{first} + "' and '" + std::string{key} +
                     "' exclude each other; keep one");
    }
  }
  if (first.empty() && !is_template) {
    from.owner().error(problem::missing_key, from.at(), from.path(),
                       "nothing to run; give one of worker, command, shell, builtin");
  }
  read_worker(from, out.spec);
  read_command(from, out.spec);
  from.text("shell", out.spec.shell, at_spawn);
  if (const auto found = from.value("builtin")) {
    read_builtin(*found, *from.find("builtin"), options.builtins, out);
  }
}

void read_protocol(const map_reader& from, pool_draft& out) {
  if (const auto word = from.word("mode")) {
    out.mode = *word == "stream"          ? protocol_mode::stream
               : *word == "request_reply" ? protocol_mode::request_reply
                                          : protocol_mode::envelope;
  }
  if (const auto word = from.word("codec")) {
    out.codec = *word == "json" ? codec_kind::json : codec_kind::string;
  }
  // One word each in this build: reading them refuses the others.
  static_cast<void>(from.word("framing"));
  static_cast<void>(from.word("io"));
}

void read_output_mode(const map_reader& from, std::string_view key, output_mode& out) {
  const auto found = from.value(key);
  if (!found) return;
  if (found->is_scalar() && found->value.text.find_first_of("./") != std::string::npos) {
    return found->error(problem::planned_key,
                        "logging to a file is planned, not available in this build; "
                        "write prefix, inherit or null");
  }
  if (const auto word = read_word(*found)) {
    out = *word == "inherit" ? output_mode::inherit
          : *word == "null"  ? output_mode::discard
                             : output_mode::capture;
  }
}

// A word is short for a map with a policy.
void read_restart_of(const map_reader& from, restart_spec& out) {
  const auto found = from.value("restart");
  if (!found) return;
  const auto& one = *from.find("restart");
  if (found->value.what == node::kind::map) {
    read_restart({from.owner(), found->value, section::restart, found->path, one.at}, out);
  } else if (!found->is_scalar()) {
    found->error(problem::wrong_type,
                 "expected a policy such as permanent, or a map, got " + describe(found->value));
  } else if (read_word({found->owner, found->value, found->path,
                        *find_key(section::restart, "policy")})) {
    node as_map;
    as_map.what = node::kind::map;
    as_map.entries.push_back({.key = "policy", .at = found->value.at, .value = one.value});
    read_restart({from.owner(), as_map, section::restart, found->path, one.at}, out);
  }
}

void read_life(const map_reader& from, pool_spec& out) {
  read_restart_of(from, out.restart);
  if (!out.inputs.empty()) out.stop.drain = std::chrono::seconds{5};
  if (const auto start = from.map("start")) read_start(*start, out.start);
  if (const auto stop = from.map("stop")) read_stop(*stop, out.stop);
  if (const auto recycle = from.map("recycle")) read_recycle(*recycle, out.recycle);
  if (const auto limits = from.map("limits")) read_limits(*limits, out.limits);
  if (const auto log = from.map("log")) {
    read_output_mode(*log, "stdout", out.log_stdout);
    read_output_mode(*log, "stderr", out.log_stderr);
  }
}

void read_process(const map_reader& from, const std::string& directory, pool_spec& out) {
  if (const auto found = from.value("args")) out.args = read_text_list(*found, at_spawn);
  out.env = from.text_map("env", at_spawn);
  out.env_files = read_paths(from, "env_file", directory);
  from.boolean("clear_env", out.clear_env);
  const auto read_path = [&](std::string_view key, expansion_time when,
                             std::optional<path_ref>& target) {
    const auto found = from.value(key);
    if (!found) return;
    if (auto text = read_text(*found, when))
      target = path_ref{resolve_path(found->base(directory), *text), found->value.at};
  };
  read_path("working_dir", at_spawn, out.working_dir);
  read_path("module", expansion_time::load, out.module);
  if (const auto found = from.value("config")) {
    out.config_json = read_json(*found);
    out.config_yaml = escape_references(out.config_json, expansion_time::load);
  }
}

void read_messages(const map_reader& from, pool_draft& out) {
  auto& spec = out.spec;
  if (const auto word = from.word("order"))
    spec.order = *word == "preserve" ? order_mode::preserve : order_mode::any;
  const bool is_foreign = spec.kind == pool_kind::command || spec.kind == pool_kind::shell;
  spec.max_in_flight = is_foreign ? 1 : 64;
  from.integer("max_in_flight", spec.max_in_flight);
  if (from.has("message_timeout")) {
    duration limit{};
    from.time("message_timeout", limit);
    if (limit != duration{}) spec.message_timeout = limit;
  }
  if (const auto word = from.word("on_error")) {
    spec.on_error = *word == "skip" ? error_rule::skip : error_rule::stop;
  }
  if (const auto retry = from.map("retry")) read_retry(*retry, spec.retry);
  if (const auto checkpoint = from.map("checkpoint")) {
    checkpoint->integer("messages", spec.checkpoint.messages);
    checkpoint->time("period", spec.checkpoint.period);
  }
  if (const auto protocol = from.map("protocol")) read_protocol(*protocol, out);
}

void record_positions(const node& map, const std::string& prefix,
                      std::map<std::string, location>& out);

void record_items(const node& list, const std::string& path, std::map<std::string, location>& out) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const auto& one = *list.items[i];
    const auto inside = path + '.' + std::to_string(i);
    out.emplace(inside, one.at);
    record_positions(one, inside + '.', out);
    record_items(one, inside, out);
  }
}

void record_positions(const node& map, const std::string& prefix,
                      std::map<std::string, location>& out) {
  for (const auto& one : map.entries) {
    const auto path = prefix + one.key;
    out.emplace(path, place_of(one));
    if (one.value->what == node::kind::map) record_positions(*one.value, path + '.', out);
    if (path == "config" || path.starts_with("config.")) record_items(*one.value, path, out);
  }
}

} // namespace

std::string resolve_path(const std::string& directory, const std::string& path) {
  const std::filesystem::path given{path};
  if (directory.empty() || given.is_absolute()) return path;
  return (std::filesystem::path{directory} / given).lexically_normal().string();
}

std::vector<path_ref> read_paths(const map_reader& from, std::string_view key,
                                 const std::string& directory) {
  std::vector<path_ref> out;
  const auto found = from.value(key);
  if (!found) return out;
  if (found->is_scalar()) {
    if (auto text = read_text(*found))
      out.push_back({resolve_path(found->base(directory), *text), found->value.at});
    return out;
  }
  for (auto& text : read_text_list(*found, expansion_time::load)) {
    const auto at = out.size() < found->value.items.size() ? found->value.items[out.size()]->at
                                                           : found->value.at;
    out.push_back({resolve_path(directory, text), at});
  }
  return out;
}

pool_draft read_pool(const map_reader& from, const std::string& name, const std::string& directory,
                     const load_options& options, bool is_template) {
  pool_draft out{
      .spec = {}, .from = from, .has_kind = false, .mode = {}, .codec = {}, .ready_made = nullptr};
  auto& spec = out.spec;
  spec.name = name;
  spec.at = from.at();
  record_positions(from.values(), "", spec.positions);
  from.text("description", spec.description);
  from.boolean("enabled", spec.enabled);
  read_kind(from, options, is_template, out);
  if (from.is_word("replicas", "auto")) {
    spec.replicas.reset();
  } else {
    from.integer("replicas", *spec.replicas);
  }
  read_channels_of(from, spec);
  read_messages(from, out);
  read_life(from, spec);
  read_process(from, directory, spec);
  return out;
}

} // namespace troupe::config::detail
