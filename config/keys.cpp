// Part of Troupe; see LICENSE.

#include "troupe/config/keys.hpp"

#include "troupe/config/detail/hints.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace troupe::config {

namespace {

// What other tools call it, and where Troupe has it. A term that ends in '*' is a prefix.
struct foreign_term {
  std::string_view theirs;
  std::string_view ours;
};

constexpr std::array foreign_terms{
    foreign_term{"numprocs", "replicas"},
    foreign_term{"numprocesses", "replicas"},
    foreign_term{"instances", "replicas"},
    foreign_term{"concurrency", "replicas"},
    foreign_term{"workers", "replicas"},
    foreign_term{"threads", "replicas"},
    foreign_term{"scale", "replicas"},
    foreign_term{"autorestart", "restart"},
    foreign_term{"respawn", "restart"},
    foreign_term{"respawn_on_exit", "restart"},
    foreign_term{"restart_on_exit", "restart"},
    foreign_term{"availability", "restart"},
    foreign_term{"restart_policy", "restart"},
    foreign_term{"exitcodes", "restart.success_exit"},
    foreign_term{"success_exit_codes", "restart.success_exit"},
    foreign_term{"stop_exit_codes", "restart.prevent_exit"},
    foreign_term{"startretries", "restart.intensity"},
    foreign_term{"max_restarts", "restart.intensity"},
    foreign_term{"max_retry", "restart.intensity"},
    foreign_term{"startsecs", "restart.backoff.reset_after"},
    foreign_term{"min_uptime", "restart.backoff.reset_after"},
    foreign_term{"backoff_seconds", "restart.backoff"},
    foreign_term{"exp_backoff_restart_delay", "restart.backoff"},
    foreign_term{"warmup_delay", "start.stagger"},
    foreign_term{"stopsignal", "stop.signal"},
    foreign_term{"stop_signal", "stop.signal"},
    foreign_term{"kill_signal", "stop.signal"},
    foreign_term{"stopwaitsecs", "stop.timeout"},
    foreign_term{"graceful_timeout", "stop.timeout"},
    foreign_term{"kill_timeout", "stop.timeout"},
    foreign_term{"stop_grace_period", "stop.timeout"},
    foreign_term{"stopasgroup", "stop.scope"},
    foreign_term{"killasgroup", "stop.scope"},
    foreign_term{"stop_children", "stop.scope"},
    foreign_term{"treekill", "stop.scope"},
    foreign_term{"directory", "working_dir"},
    foreign_term{"working_directory", "working_dir"},
    foreign_term{"cwd", "working_dir"},
    foreign_term{"environment", "env"},
    foreign_term{"environ", "env"},
    foreign_term{"clear_environment", "clear_env"},
    foreign_term{"cmd", "command"},
    foreign_term{"exec", "command"},
    foreign_term{"entrypoint", "command"},
    foreign_term{"script", "shell"},
    foreign_term{"ulimits", "limits"},
    foreign_term{"rlimit_*", "limits"},
    foreign_term{"healthcheck", "probes"},
    foreign_term{"readiness_probe", "probes"},
    foreign_term{"liveness_probe", "probes"},
    foreign_term{"processes", "pools"},
    foreign_term{"services", "pools"},
    foreign_term{"programs", "pools"},
    foreign_term{"watchers", "pools"},
    foreign_term{"apps", "pools"},
    foreign_term{"queues", "channels"},
    foreign_term{"variables", "vars"},
    foreign_term{"max_requests", "recycle.max_messages"},
    foreign_term{"max_tasks_per_child", "recycle.max_messages"},
    foreign_term{"max_age", "recycle.max_age"},
    foreign_term{"max_memory_restart", "recycle.max_memory"},
    foreign_term{"max_memory_per_child", "recycle.max_memory"},
    foreign_term{"stdout_logfile", "log.stdout"},
    foreign_term{"log_location", "log.stdout"},
    foreign_term{"out_file", "log.stdout"},
    foreign_term{"stderr_logfile", "log.stderr"},
    foreign_term{"prefetch", "max_in_flight"},
    foreign_term{"prefetch_multiplier", "max_in_flight"},
    foreign_term{"batch_size", "batch"},
    foreign_term{"batch_timeout", "batch"},
    foreign_term{"dlq", "dead_letter"},
    foreign_term{"codec_send", "protocol.codec"},
    foreign_term{"codec_recv", "protocol.codec"},
    foreign_term{"max_events", "capacity"},
    foreign_term{"max_size", "max_bytes"},
};

std::optional<std::string_view> our_term(section in, std::string_view key) {
  const auto* const found =
      std::find_if(foreign_terms.begin(), foreign_terms.end(), [&](const foreign_term& one) {
        if (!one.theirs.ends_with('*')) return one.theirs == key;
        return key.starts_with(one.theirs.substr(0, one.theirs.size() - 1));
      });
  if (found == foreign_terms.end()) return std::nullopt;
  // `concurrency` is only `replicas` where `replicas` could stand.
  const auto first = found->ours.substr(0, found->ours.find('.'));
  if (find_key(in, first) == nullptr) return std::nullopt;
  return found->ours;
}

// The map below `in` that has `key`: `signal` in a pool belongs under `stop`.
std::optional<std::string_view> inner_map_with(section in, std::string_view key) {
  for (const auto& row : all_keys()) {
    const bool is_map_here = row.in == in && row.type == value_type::map &&
                             row.status == availability::here && row.inner != section::pool &&
                             row.inner != section::channel;
    if (is_map_here && find_key(row.inner, key) != nullptr) return row.name;
  }
  return std::nullopt;
}

} // namespace

const key_row* find_key(section in, std::string_view name) {
  const auto& rows = all_keys();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const key_row& row) {
    return row.in == in && row.name == name;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string_view> keys_of(section in) {
  std::vector<std::string_view> out;
  for (const auto& row : all_keys()) {
    if (row.in == in && row.status == availability::here) out.push_back(row.name);
  }
  return out;
}

std::vector<std::string_view> words_in(std::string_view words) {
  std::vector<std::string_view> out;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end != 0) out.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

std::string_view description_of(value_type type) {
  switch (type) {
  case value_type::text: return "text";
  case value_type::name: return "a name";
  case value_type::path: return "a path";
  case value_type::integer: return "an integer";
  case value_type::number: return "a number";
  case value_type::boolean: return "true or false";
  case value_type::duration: return "a duration such as 10s";
  case value_type::size: return "a size such as 64KiB";
  case value_type::signal: return "a signal such as TERM";
  case value_type::word: return "a word";
  case value_type::text_list: return "a list of text";
  case value_type::text_map: return "a map from names to text";
  case value_type::exit_list: return "a list of exit codes and signal names";
  case value_type::reference: return "the name of a channel";
  case value_type::references: return "the name of a channel or a list of them";
  case value_type::map: return "a map";
  case value_type::named_maps: return "a map from names to maps";
  case value_type::any: return "a value";
  }
  return "a value";
}

std::string_view path_of(section in) {
  switch (in) {
  case section::top: return "";
  case section::defaults: return "defaults";
  case section::supervisor: return "supervisor";
  case section::control: return "control";
  case section::troupe_log: return "log";
  case section::metrics: return "metrics";
  case section::shutdown: return "shutdown";
  case section::channel: return "channels.NAME";
  case section::durability: return "channels.NAME.durability";
  case section::pool: return "pools.NAME";
  case section::autoscale: return "pools.NAME.autoscale";
  case section::batch: return "pools.NAME.batch";
  case section::checkpoint: return "pools.NAME.checkpoint";
  case section::retry: return "pools.NAME.retry";
  case section::retry_backoff: return "pools.NAME.retry.backoff";
  case section::rate_limit: return "pools.NAME.rate_limit";
  case section::protocol: return "pools.NAME.protocol";
  case section::restart: return "pools.NAME.restart";
  case section::restart_backoff: return "pools.NAME.restart.backoff";
  case section::start: return "pools.NAME.start";
  case section::stop: return "pools.NAME.stop";
  case section::probes: return "pools.NAME.probes";
  case section::probe: return "pools.NAME.probes.KIND";
  case section::http_probe: return "pools.NAME.probes.KIND.http";
  case section::tcp_probe: return "pools.NAME.probes.KIND.tcp";
  case section::recycle: return "pools.NAME.recycle";
  case section::dependency: return "pools.NAME.depends_on.NAME";
  case section::limits: return "pools.NAME.limits";
  case section::limit: return "pools.NAME.limits.LIMIT";
  case section::cgroup: return "pools.NAME.cgroup";
  case section::socket: return "pools.NAME.sockets.NAME";
  case section::log: return "pools.NAME.log";
  case section::log_rotate: return "pools.NAME.log.rotate";
  case section::log_format: return "pools.NAME.log.format";
  case section::hooks: return "pools.NAME.hooks";
  case section::group: return "groups.NAME";
  case section::group_stop: return "groups.NAME.stop";
  }
  return "";
}

std::string explain_unknown_key(section in, std::string_view key) {
  using detail::comma_list;
  const std::string head = "unknown key";
  if (const auto ours = our_term(in, key)) {
    return head + "; Troupe calls this '" + std::string{*ours} + "'";
  }
  const auto known = keys_of(in);
  if (const auto guess = detail::did_you_mean(key, known); !guess.empty()) return head + guess;
  if (const auto inner = inner_map_with(in, key)) {
    return head + "; it belongs under '" + std::string{*inner} + "'";
  }
  return head + "; known here: " + comma_list(known);
}

std::string explain_unknown_word(const key_row& row, std::string_view given) {
  using detail::in_quotes;
  const auto known = words_in(row.words);
  if (row.in == section::restart && row.name == "policy" && (given == "no" || given == "false")) {
    return in_quotes(given) + " is not a restart policy; write never or temporary";
  }
  if (given == "simple_one_for_one") {
    return in_quotes(given) + " is not a strategy here; that is a pool: set its 'replicas'";
  }
  return in_quotes(given) + " is not one of " + detail::comma_list(known) + detail::did_you_mean(given, known);
}

} // namespace troupe::config
