// Part of Troupe; see LICENSE.

#include "troupe/config/detail/context.hpp"
#include "troupe/config/loader.hpp"
#include "troupe/config/units.hpp"
#include "troupe/os/limits.hpp"

#include <array>
#include <utility>

namespace troupe::config {

namespace {

constexpr auto at_load = expansion_time::load;
constexpr auto at_spawn = expansion_time::spawn;

// Every text is quoted, so that no value can be read as something else.
std::string as_text(std::string_view text, expansion_time when = at_load) {
  return escape_references(detail::quoted_json(text), when);
}

std::string as_texts(const std::vector<std::string>& texts, expansion_time when) {
  std::string out;
  for (const auto& one : texts) out += (out.empty() ? "" : ", ") + as_text(one, when);
  return '[' + out + ']';
}

std::string as_count(std::uint64_t value) {
  return std::to_string(value);
}

std::string as_intensity(std::uint32_t value) {
  return value == unlimited_restarts ? "unlimited" : std::to_string(value);
}

/// A flow map: `{a: 1, b: 2}`.
class flow_map {
public:
  flow_map& add(std::string_view key, std::string_view value) {
    text_ += (text_.empty() ? "" : ", ") + std::string{key} + ": " + std::string{value};
    return *this;
  }
  [[nodiscard]] std::string str() const { return '{' + text_ + '}'; }

private:
  std::string text_;
};

/// Block lines of one map.
class block {
public:
  block(std::string& out, std::size_t indent) : out_{out}, indent_{indent} {}

  void add(std::string_view key, std::string_view value) {
    out_ += std::string(indent_, ' ') + std::string{key} + ": " + std::string{value} + '\n';
  }
  block open(std::string_view key) {
    out_ += std::string(indent_, ' ') + std::string{key} + ":\n";
    return {out_, indent_ + 2};
  }

private:
  std::string& out_;
  std::size_t indent_;
};

std::string as_env(const std::map<std::string, std::string>& env) {
  flow_map out;
  for (const auto& [name, value] : env) out.add(name, as_text(value, at_spawn));
  return out.str();
}

std::string as_names(const std::vector<channel_ref>& refs) {
  std::string out;
  for (const auto& one : refs) out += (out.empty() ? "" : ", ") + one.name;
  return refs.size() == 1 ? out : '[' + out + ']';
}

std::string as_paths(const std::vector<path_ref>& paths) {
  std::vector<std::string> texts;
  for (const auto& one : paths) texts.push_back(one.path);
  return as_texts(texts, at_load);
}

std::string as_exits(const std::vector<exit_status>& exits) {
  std::string out;
  for (const auto& one : exits) {
    out += out.empty() ? "" : ", ";
    out += one.code() ? std::to_string(*one.code()) : signal_name(one.signal().value_or(0));
  }
  return '[' + out + ']';
}

flow_map as_backoff(const backoff_spec& backoff) {
  flow_map out;
  out.add("initial", format_duration(backoff.initial)).add("max", format_duration(backoff.max));
  out.add("factor", format_number(backoff.factor)).add("jitter", format_number(backoff.jitter));
  return out;
}

std::string as_restart(const restart_spec& restart) {
  constexpr std::array<std::string_view, 3> policies{"permanent", "transient", "temporary"};
  flow_map out;
  out.add("policy", policies.at(static_cast<std::size_t>(restart.policy)));
  if (restart.intensity) out.add("intensity", as_intensity(*restart.intensity));
  out.add("period", format_duration(restart.period));
  out.add("on_exhausted", restart.parks_when_exhausted ? "park" : "escalate");
  out.add("success_exit", as_exits(restart.success_exit));
  out.add("prevent_exit", as_exits(restart.prevent_exit));
  out.add("force_exit", as_exits(restart.force_exit));
  auto backoff = as_backoff(restart.backoff);
  backoff.add("reset_after", format_duration(restart.backoff.reset_after));
  return out.add("backoff", backoff.str()).str();
}

std::string as_stop(const stop_spec& stop) {
  flow_map out;
  out.add("signal", signal_name(stop.signal)).add("final_signal", signal_name(stop.final_signal));
  out.add("timeout", stop.is_brutal_kill ? "brutal_kill"
                     : stop.timeout      ? format_duration(*stop.timeout)
                                         : "infinity");
  out.add("drain", format_duration(stop.drain));
  return out.add("scope", stop.scope == signal_scope::group ? "group" : "process").str();
}

std::string as_recycle(const recycle_spec& recycle) {
  flow_map out;
  if (recycle.messages_max != 0) out.add("max_messages", as_count(recycle.messages_max));
  if (recycle.age_max != duration{}) out.add("max_age", format_duration(recycle.age_max));
  if (recycle.memory_max_bytes != 0) out.add("max_memory", format_size(recycle.memory_max_bytes));
  return out.add("jitter", format_number(recycle.jitter)).str();
}

std::string as_limit(std::uint64_t value, os::limit_unit unit) {
  if (value == os::unlimited) return "unlimited";
  switch (unit) {
  case os::limit_unit::bytes:
    return format_size(value);
  case os::limit_unit::seconds:
    return as_count(value) + 's';
  case os::limit_unit::microseconds:
    return as_count(value) + "us";
  case os::limit_unit::count:
    break;
  }
  return as_count(value);
}

std::string as_limits(const std::vector<limit_spec>& limits) {
  flow_map out;
  for (const auto& one : limits) {
    const auto kind = os::find_limit(one.name);
    if (!kind) continue;
    const auto soft = as_limit(one.value.soft, kind->unit);
    const auto hard = as_limit(one.value.hard, kind->unit);
    out.add(one.name, soft == hard ? soft : flow_map{}.add("soft", soft).add("hard", hard).str());
  }
  return out.str();
}

std::string_view as_output(output_mode mode) {
  return mode == output_mode::inherit   ? "inherit"
         : mode == output_mode::discard ? "null"
                                        : "prefix";
}

void print_kind(block& out, const pool_spec& pool) {
  switch (pool.kind) {
  case pool_kind::worker:
    out.add("worker", as_text(pool.worker));
    if (pool.module) out.add("module", as_text(pool.module->path));
    break;
  case pool_kind::command:
    out.add("command", as_texts(pool.command, at_spawn));
    break;
  case pool_kind::shell:
    out.add("shell", as_text(pool.shell, at_spawn));
    break;
  case pool_kind::builtin:
    out.add("builtin", flow_map{}.add(pool.builtin, pool.config_yaml).str());
    return;
  }
  if (!pool.args.empty()) out.add("args", as_texts(pool.args, at_spawn));
  if (pool.config_json != "{}") out.add("config", pool.config_yaml);
}

bool is_foreign(const pool_spec& pool) {
  return pool.kind == pool_kind::command || pool.kind == pool_kind::shell;
}

bool speaks_on_stdout(const pool_spec& pool) {
  return is_foreign(pool) && (!pool.inputs.empty() || !pool.outputs.empty());
}

void print_messages(block& out, const pool_spec& pool) {
  if (!pool.inputs.empty()) out.add("input", as_names(pool.inputs));
  if (!pool.outputs.empty()) out.add("output", as_names(pool.outputs));
  if (speaks_on_stdout(pool)) {
    out.add("protocol",
            flow_map{}.add("mode", to_string(pool.protocol.mode)).add("framing", "lines").str());
  }
  const bool keeps_state = pool.kind == pool_kind::worker || (pool.kind == pool_kind::builtin &&
                                                              pool.role == builtin_role::aggregate);
  if (keeps_state) {
    out.add("checkpoint", flow_map{}
                              .add("messages", as_count(pool.checkpoint.messages))
                              .add("period", format_duration(pool.checkpoint.period))
                              .str());
  }
  const bool is_source = pool.inputs.empty() && !pool.outputs.empty();
  if (is_source && pool.kind != pool_kind::worker) out.add("on_error", to_string(pool.on_error));
  if (is_source && pool.dead_letter) out.add("dead_letter", pool.dead_letter->name);
  if (pool.inputs.empty()) return;
  out.add("order", to_string(pool.order));
  if (is_foreign(pool) && pool.protocol.mode == protocol_mode::stream) return;
  out.add("max_in_flight", as_count(pool.max_in_flight));
  if (pool.message_timeout) out.add("message_timeout", format_duration(*pool.message_timeout));
  out.add("retry", flow_map{}
                       .add("max_attempts", as_count(pool.retry.max_attempts))
                       .add("backoff", as_backoff(pool.retry.backoff).str())
                       .str());
  if (pool.dead_letter) out.add("dead_letter", pool.dead_letter->name);
}

void print_process(block out, const pool_spec& pool) {
  out.add("restart", as_restart(pool.restart));
  out.add("start", flow_map{}
                       .add("timeout", format_duration(pool.start.timeout))
                       .add("stagger", format_duration(pool.start.stagger))
                       .add("method", pool.start.method == start_method::spawn ? "spawn" : "zygote")
                       .str());
  out.add("stop", as_stop(pool.stop));
  const bool is_command_source = is_foreign(pool) && pool.inputs.empty() && !pool.outputs.empty();
  if (!is_command_source) out.add("recycle", as_recycle(pool.recycle));
  out.add("env", as_env(pool.env));
  if (!pool.env_files.empty()) out.add("env_file", as_paths(pool.env_files));
  out.add("clear_env", pool.clear_env ? "true" : "false");
  if (pool.working_dir) out.add("working_dir", as_text(pool.working_dir->path, at_spawn));
  out.add("limits", as_limits(pool.limits));
  flow_map log;
  if (!speaks_on_stdout(pool)) log.add("stdout", as_output(pool.log_stdout));
  out.add("log", log.add("stderr", as_output(pool.log_stderr)).str());
}

void print_pool(block out, const pool_spec& pool) {
  if (!pool.description.empty()) out.add("description", as_text(pool.description));
  out.add("enabled", pool.enabled ? "true" : "false");
  print_kind(out, pool);
  out.add("replicas", pool.replicas ? as_count(*pool.replicas) : "auto");
  print_messages(out, pool);
  if (pool.is_in_host) {
    out.add("stop", flow_map{}.add("drain", format_duration(pool.stop.drain)).str());
  } else {
    print_process(out, pool);
  }
}

void print_channel(block out, const channel_spec& channel) {
  out.add("type", as_text(channel.type));
  out.add("capacity", as_count(channel.capacity));
  out.add("max_bytes", format_size(channel.max_bytes));
  out.add("max_message_bytes", format_size(channel.max_message_bytes));
  out.add("when_full", to_string(channel.when_full));
  out.add("delivery", to_string(channel.delivery));
  out.add("external", channel.external ? "true" : "false");
}

std::string as_octal(std::uint32_t mode) {
  std::string out = "\"0";
  for (const auto shift : {6U, 3U, 0U}) out += static_cast<char>('0' + ((mode >> shift) & 7U));
  return out + '"';
}

std::string as_control(const control_spec& control) {
  flow_map out;
  if (control.socket) out.add("socket", as_text(control.socket->path));
  if (control.enabled) out.add("enabled", *control.enabled ? "true" : "false");
  return out.add("mode", as_octal(control.mode)).str();
}

} // namespace

std::string to_yaml(const troupe_spec& spec) {
  std::string out;
  block top{out, 0};
  top.add("version", as_count(spec.version));
  top.add("name", spec.name);
  if (!spec.description.empty()) top.add("description", as_text(spec.description));
  if (!spec.vars.empty()) {
    flow_map vars;
    for (const auto& [name, value] : spec.vars) vars.add(name, as_text(value));
    top.add("vars", vars.str());
  }
  if (!spec.env.empty()) top.add("env", as_env(spec.env));
  if (!spec.env_files.empty()) top.add("env_file", as_paths(spec.env_files));
  top.add("control", as_control(spec.control));
  top.add("shutdown", flow_map{}.add("timeout", format_duration(spec.shutdown_timeout)).str());
  if (!spec.channels.empty()) {
    auto channels = top.open("channels");
    for (const auto& one : spec.channels) print_channel(channels.open(one.name), one);
  }
  auto pools = top.open("pools");
  for (const auto& one : spec.pools) print_pool(pools.open(one.name), one);
  return out;
}

} // namespace troupe::config
