// Part of Troupe; see LICENSE.

#include "troupe/config/detail/foreign_terms.hpp"

#include <algorithm>
#include <array>

namespace troupe::config::detail {

namespace {

// What other tools call it, and where Troupe has it. A term that ends in '*' is a prefix.
struct foreign_term {
  std::string_view theirs;
  std::string_view ours;
  std::string_view how = {}; // To write it, where the value changes too.
};

constexpr std::string_view restart_words =
    "always true is 'restart: permanent', only after a failure 'restart: transient', never "
    "'restart: never'";
constexpr std::string_view log_words =
    "in this build its value is prefix, inherit or null; for a file, redirect what troupe writes";

constexpr std::array foreign_terms{
    foreign_term{"numprocs", "replicas"},
    foreign_term{"numprocesses", "replicas"},
    foreign_term{"instances", "replicas"},
    foreign_term{"concurrency", "replicas"},
    foreign_term{"workers", "replicas"},
    foreign_term{"threads", "replicas"},
    foreign_term{"scale", "replicas"},
    foreign_term{"autorestart", "restart", restart_words},
    foreign_term{"respawn", "restart", restart_words},
    foreign_term{"respawn_on_exit", "restart", restart_words},
    foreign_term{"restart_on_exit", "restart", restart_words},
    foreign_term{"availability", "restart", restart_words},
    foreign_term{"restart_policy", "restart", restart_words},
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
    foreign_term{"stopwaitsecs", "stop.timeout", "with its unit: stop: {timeout: 10s}"},
    foreign_term{"graceful_timeout", "stop.timeout", "with its unit: stop: {timeout: 10s}"},
    foreign_term{"kill_timeout", "stop.timeout", "with its unit: stop: {timeout: 10s}"},
    foreign_term{"stop_grace_period", "stop.timeout", "with its unit: stop: {timeout: 10s}"},
    foreign_term{"stopasgroup", "stop.scope", "its value is group or process"},
    foreign_term{"killasgroup", "stop.scope", "its value is group or process"},
    foreign_term{"stop_children", "stop.scope", "its value is group or process"},
    foreign_term{"treekill", "stop.scope", "its value is group or process"},
    foreign_term{"directory", "working_dir"},
    foreign_term{"working_directory", "working_dir"},
    foreign_term{"cwd", "working_dir"},
    foreign_term{"environment", "env", "a map: env: {NAME: value}"},
    foreign_term{"environ", "env", "a map: env: {NAME: value}"},
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
    foreign_term{"stdout_logfile", "log.stdout", log_words},
    foreign_term{"log_location", "log.stdout", log_words},
    foreign_term{"out_file", "log.stdout", log_words},
    foreign_term{"stderr_logfile", "log.stderr", log_words},
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

} // namespace

translated_term our_term(std::string_view theirs) {
  const auto* const found =
      std::find_if(foreign_terms.begin(), foreign_terms.end(), [&](const foreign_term& one) {
        if (!one.theirs.ends_with('*')) return one.theirs == theirs;
        return theirs.starts_with(one.theirs.substr(0, one.theirs.size() - 1));
      });
  if (found == foreign_terms.end()) return {};
  return {found->ours, found->how};
}

std::vector<std::string> foreign_words() {
  std::vector<std::string> out;
  for (const auto& one : foreign_terms) {
    out.emplace_back(one.theirs);
    if (out.back().ends_with('*')) out.back().back() = 'x';
  }
  return out;
}

} // namespace troupe::config::detail
