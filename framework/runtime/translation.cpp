// Part of Troupe; see LICENSE.

#include "troupe/runtime/translation.hpp"

#include "troupe/base/worker_text.hpp"
#include "troupe/config/env_file.hpp"
#include "troupe/os/cpu_count.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

namespace {

constexpr std::size_t stage_arena_bytes = std::size_t{64} << 20;

pipeline::when_full translate(config::full_policy policy) {
  switch (policy) {
  case config::full_policy::block:
    return pipeline::when_full::block;
  case config::full_policy::drop_newest:
    return pipeline::when_full::drop_newest;
  case config::full_policy::drop_oldest:
    return pipeline::when_full::drop_oldest;
  case config::full_policy::reject:
    return pipeline::when_full::reject;
  }
  return pipeline::when_full::block;
}

pipeline::channel_spec translate(const config::channel_spec& from) {
  return {.name = from.name,
          .type = from.type,
          .capacity = from.capacity,
          .max_bytes = from.max_bytes,
          .max_message_bytes = from.max_message_bytes,
          .policy = translate(from.when_full),
          .is_external = from.external};
}

std::vector<std::string> argv_of(const config::pool_spec& pool) {
  auto argv = pool.command;
  if (pool.kind == config::pool_kind::shell) argv = {"/bin/sh", "-c", pool.shell};
  argv.insert(argv.end(), pool.args.begin(), pool.args.end());
  return argv;
}

bool is_command(const config::pool_spec& pool) {
  return pool.kind == config::pool_kind::command || pool.kind == config::pool_kind::shell;
}

// A source is told keys of the pool beside its own settings.
void tell_source(const config::pool_spec& pool, nlohmann::json& settings) {
  settings["on_error"] = to_string(pool.on_error);
  std::string exits; // Codes, and signals as negative numbers.
  for (const auto& each : pool.restart.success_exit) {
    exits += std::to_string(each.code() ? *each.code() : -each.signal().value_or(0)) + ' ';
  }
  settings["success_exit"] = exits;
}

std::string config_of(const config::pool_spec& pool) {
  if (pool.role != config::builtin_role::source) return pool.config_json;
  auto settings = nlohmann::json::parse(pool.config_json);
  tell_source(pool, settings);
  return settings.dump();
}

// Where `config:` and what is in it stands, for messages of the worker about it.
std::string places_of(const config::troupe_spec& spec, const config::pool_spec& pool) {
  constexpr std::string_view root = "config";
  const auto shown = [&](config::location at) {
    return spec.file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
  };
  nlohmann::json out{{"", shown(config::position_of(pool, root))}};
  for (const auto& [path, at] : pool.positions) {
    const std::string_view key{path};
    if (!key.starts_with(root) || key.size() <= root.size() || key[root.size()] != '.') continue;
    out[path.substr(root.size() + 1)] = shown(at);
  }
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_stream(const config::pool_spec& pool) {
  if (pool.kind == config::pool_kind::builtin) return pool.builtin == "exec_stream";
  return is_command(pool) && pool.protocol.mode == config::protocol_mode::stream;
}

// A command with channels is spoken to by the ready-made worker `exec`.
pipeline::worker_reference worker_of(const config::troupe_spec& spec,
                                     const config::pool_spec& pool) {
  switch (pool.kind) {
  case config::pool_kind::builtin:
    return {.name = pool.builtin,
            .module = "",
            .config_json = config_of(pool),
            .config_places_json = ""};
  case config::pool_kind::worker:
    return {.name = pool.worker,
            .module = pool.module ? pool.module->path : "",
            .config_json = pool.config_json,
            .config_places_json = places_of(spec, pool)};
  case config::pool_kind::command:
  case config::pool_kind::shell:
    break;
  }
  nlohmann::json settings = {{"command", argv_of(pool)}};
  if (pool.inputs.empty()) {
    tell_source(pool, settings);
    return {.name = "exec_source",
            .module = "",
            .config_json = settings.dump(),
            .config_places_json = ""};
  }
  if (is_stream(pool)) {
    return {.name = "exec_stream",
            .module = "",
            .config_json = settings.dump(),
            .config_places_json = ""};
  }
  settings["mode"] = to_string(pool.protocol.mode);
  settings["input_codec"] = to_string(pool.protocol.input_codec);
  settings["output_codec"] = to_string(pool.protocol.output_codec);
  settings["max_attempts"] = pool.retry.max_attempts;
  return {.name = "exec", .module = "", .config_json = settings.dump(), .config_places_json = ""};
}

std::uint32_t replicas_of(const config::pool_spec& pool) {
  return pool.replicas ? *pool.replicas : os::usable_cpu_count();
}

pipeline::stage_spec stage_of(const config::troupe_spec& spec, const config::pool_spec& pool) {
  pipeline::stage_spec stage;
  stage.name = pool.name;
  stage.worker = worker_of(spec, pool);
  stage.replicas = replicas_of(pool);
  for (const auto& input : pool.inputs) stage.inputs.push_back(input.name);
  for (const auto& output : pool.outputs) stage.outputs.push_back(output.name);
  if (pool.dead_letter) stage.dead_letter = pool.dead_letter->name;
  stage.order = pool.order == config::order_mode::preserve ? pipeline::stage_order::preserve
                                                           : pipeline::stage_order::any;
  // A filter reads as fast as its pipe takes: the engine chooses.
  stage.max_in_flight = is_stream(pool) ? 0 : pool.max_in_flight;
  stage.is_at_most_once = is_stream(pool);
  stage.has_last_word = stage.worker.name == "exec";
  stage.message_timeout = pool.message_timeout;
  stage.retry.max_attempts = pool.retry.max_attempts;
  stage.retry.backoff_initial = pool.retry.backoff.initial;
  stage.retry.backoff_max = pool.retry.backoff.max;
  stage.retry.factor = pool.retry.backoff.factor;
  stage.retry.jitter = pool.retry.backoff.jitter;
  stage.checkpoint = {.messages = static_cast<std::uint32_t>(pool.checkpoint.messages),
                      .period = pool.checkpoint.period};
  return stage;
}

process_options process_of(const config::troupe_spec& spec, const config::pool_spec& pool) {
  process_options out;
  out.clear_env = pool.clear_env;
  out.env["TROUPE_NAME"] = spec.name;
  // Later ones win: the files of the top, its map, the pool's files, the pool's map.
  const auto read_files = [&](const std::vector<config::path_ref>& files) {
    for (const auto& file : files) {
      const auto lines = config::read_env_file(file.path).value();
      for (const auto& [key, value] : lines) out.env[key] = text::guarded_for_worker(value);
    }
  };
  read_files(spec.env_files);
  for (const auto& [key, value] : spec.env) out.env[key] = value;
  read_files(pool.env_files);
  for (const auto& [key, value] : pool.env) out.env[key] = value;
  out.env["TROUPE_CONFIG"] = text::guarded_for_worker(pool.config_json);
  out.working_dir =
      pool.working_dir ? pool.working_dir->path : text::guarded_for_worker(spec.directory);
  for (const auto& limit : pool.limits) out.limits.push_back(limit.value);
  out.out = pool.log_stdout;
  out.err = pool.log_stderr;
  return out;
}

// Deaths that chaos orders are not the workers' failure.
restart_spec restart_of(const config::pool_spec& pool, bool has_chaos) {
  auto out = pool.restart;
  if (!has_chaos) return out;
  out.policy = restart_type::permanent;
  out.intensity = unlimited_restarts;
  out.backoff = {.initial = {}, .max = {}, .factor = 1.0, .jitter = 0.0, .reset_after = {}};
  return out;
}

} // namespace

bool is_service(const config::pool_spec& pool) noexcept {
  return pool.inputs.empty() && pool.outputs.empty() && is_command(pool);
}

expected<pipeline_plan> plan_pipeline(const config::troupe_spec& spec, bool has_chaos) {
  pipeline_plan plan;
  for (const auto& channel : spec.channels) plan.graph.channels.push_back(translate(channel));
  for (const auto& pool : spec.pools) {
    if (!pool.enabled || is_service(pool)) continue;
    plan.graph.stages.push_back(stage_of(spec, pool));
    pool_settings settings;
    settings.name = pool.name;
    settings.replicas = replicas_of(pool);
    settings.input_arena_bytes = stage_arena_bytes;
    settings.output_arena_bytes = stage_arena_bytes;
    if (!is_command(pool) || !pool.inputs.empty()) settings.recycle = pool.recycle;
    settings.restart = restart_of(pool, has_chaos);
    settings.stop = pool.stop;
    settings.start = pool.start;
    settings.process = process_of(spec, pool);
    plan.settings.push_back(std::move(settings));
  }
  return plan;
}

std::vector<service_settings> plan_services(const config::troupe_spec& spec) {
  std::vector<service_settings> out;
  for (const auto& pool : spec.pools) {
    if (!pool.enabled || !is_service(pool)) continue;
    out.push_back({.name = pool.name,
                   .argv = argv_of(pool),
                   .process = process_of(spec, pool),
                   .replicas = replicas_of(pool),
                   .restart = pool.restart,
                   .stop = pool.stop,
                   .start = pool.start,
                   .recycle = pool.recycle});
  }
  return out;
}

} // namespace troupe
