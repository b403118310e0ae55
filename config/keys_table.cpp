// Part of Troupe; see LICENSE.

#include "troupe/config/keys.hpp"

namespace troupe::config {

namespace {

using enum section;
using enum value_type;

constexpr auto planned = availability::planned;

// clang-format off
std::vector<key_row> make_rows() {
  return {
  // The whole file.
  {.in = top, .name = "version", .type = integer, .help = "must be 1; required", .min = 1, .max = 1},
  {.in = top, .name = "name", .type = name, .standard = "the file's stem", .help = "name of this troupe"},
  {.in = top, .name = "description", .type = text, .help = "for people"},
  {.in = top, .name = "include", .type = text_list, .status = planned},
  {.in = top, .name = "vars", .type = text_map, .help = "values for `${name}`; the environment and `--set` win"},
  {.in = top, .name = "env", .type = text_map, .help = "environment of every worker"},
  {.in = top, .name = "env_file", .type = text_list, .help = "files of `KEY=VALUE` lines, for every worker"},
  {.in = top, .name = "data_dir", .type = path, .status = planned},
  {.in = top, .name = "defaults", .type = map, .help = "what every pool and channel begins with", .inner = defaults},
  {.in = top, .name = "channels", .type = named_maps, .help = "bounded paths between pools", .inner = channel},
  {.in = top, .name = "pools", .type = named_maps, .help = "sets of equal workers; at least one", .inner = pool},
  {.in = top, .name = "groups", .type = named_maps, .inner = group, .status = planned},
  {.in = top, .name = "supervisor", .type = map, .inner = supervisor, .status = planned},
  {.in = top, .name = "control", .type = map, .help = "the socket that `troupe status` talks to", .inner = control},
  {.in = top, .name = "log", .type = map, .inner = troupe_log, .status = planned},
  {.in = top, .name = "metrics", .type = map, .inner = metrics, .status = planned},
  {.in = top, .name = "shutdown", .type = map, .help = "end of the whole tree", .inner = shutdown},

  {.in = defaults, .name = "pool", .type = map, .help = "merged under each pool", .inner = pool},
  {.in = defaults, .name = "channel", .type = map, .help = "merged under each channel", .inner = channel},

  {.in = control, .name = "socket", .type = path, .help = "path of the UNIX socket"},
  {.in = control, .name = "mode", .type = text, .standard = "\"0600\"", .help = "its permissions, octal"},
  {.in = control, .name = "enabled", .type = boolean, .standard = "on in the command; when embedded, if `socket` is given", .help = "whether there is one"},

  {.in = shutdown, .name = "timeout", .type = value_type::duration, .standard = "60s", .help = "then everything is killed"},

  {.in = troupe_log, .name = "level", .type = word, .status = planned},
  {.in = troupe_log, .name = "format", .type = word, .status = planned},
  {.in = troupe_log, .name = "file", .type = path, .status = planned},
  {.in = troupe_log, .name = "rotate", .type = map, .inner = log_rotate, .status = planned},
  {.in = metrics, .name = "prometheus", .type = text, .status = planned},
  {.in = metrics, .name = "statsd", .type = text, .status = planned},
  {.in = metrics, .name = "period", .type = value_type::duration, .status = planned},

  // Channels.
  {.in = channel, .name = "type", .type = text, .standard = "bytes", .help = "`bytes`, `string`, `json` or a registered C++ type"},
  {.in = channel, .name = "transport", .type = word, .status = planned},
  {.in = channel, .name = "capacity", .type = integer, .standard = "1024", .help = "messages it holds", .min = 1, .max = 100000000},
  {.in = channel, .name = "max_bytes", .type = size, .standard = "64MiB", .help = "bytes it holds", .min = 1},
  {.in = channel, .name = "max_message_bytes", .type = size, .standard = "1MiB", .help = "largest message; at most `max_bytes`", .min = 1},
  {.in = channel, .name = "when_full", .type = word, .standard = "block", .help = "what the producer meets then", .words = "block drop_newest drop_oldest reject"},
  {.in = channel, .name = "delivery", .type = word, .standard = "at_least_once if readers acknowledge and nothing is dropped",
   .help = "what its readers and `when_full` give; if they do not, the file is refused", .words = "at_most_once at_least_once"},
  {.in = channel, .name = "durability", .type = map, .inner = durability, .status = planned},
  {.in = channel, .name = "framing", .type = word, .status = planned},
  {.in = channel, .name = "codec", .type = word, .status = planned},
  {.in = channel, .name = "ttl", .type = value_type::duration, .status = planned},
  {.in = channel, .name = "external", .type = boolean, .standard = "false", .help = "one of its ends is no pool; a program's own end is planned, and until then such a file is not run"},

  {.in = durability, .name = "mode", .type = word, .status = planned},
  {.in = durability, .name = "path", .type = path, .status = planned},
  {.in = durability, .name = "sync", .type = word, .status = planned},
  {.in = durability, .name = "sync_interval", .type = value_type::duration, .status = planned},
  {.in = durability, .name = "segment_bytes", .type = size, .status = planned},
  {.in = durability, .name = "max_bytes", .type = size, .status = planned},
  {.in = durability, .name = "on_corrupt", .type = word, .status = planned},

  // Pools: what runs.
  {.in = pool, .name = "description", .type = text, .help = "for people"},
  {.in = pool, .name = "enabled", .type = boolean, .standard = "true", .help = "false: checked, but not started"},
  {.in = pool, .name = "extends", .type = name, .status = planned},
  {.in = pool, .name = "worker", .type = text, .help = "name given to `TROUPE_WORKER` (one of worker, command, shell, builtin)"},
  {.in = pool, .name = "module", .type = path, .help = "shared library that holds the worker"},
  {.in = pool, .name = "command", .type = text_list, .help = "argv, or one text split without a shell"},
  {.in = pool, .name = "shell", .type = text, .help = "text for `/bin/sh -c`"},
  {.in = pool, .name = "builtin", .type = any, .help = "name of a ready-made actor, or `{name: {its keys}}`"},
  {.in = pool, .name = "program", .type = path, .status = planned},
  {.in = pool, .name = "args", .type = text_list, .standard = "[]", .help = "appended to the command"},
  {.in = pool, .name = "config", .type = any, .standard = "{}", .help = "anything, given to worker or command as JSON"},
  {.in = pool, .name = "replicas", .type = integer, .standard = "1", .help = "workers; `auto` is one for each usable CPU", .min = 0, .max = 10000, .words = "auto"},
  {.in = pool, .name = "autoscale", .type = map, .inner = autoscale, .status = planned},
  // Pools: messages.
  {.in = pool, .name = "input", .type = references, .help = "channel, or list of channels, to read"},
  {.in = pool, .name = "inputs", .type = references, .help = "the same as `input`"},
  {.in = pool, .name = "output", .type = references, .help = "channel, or list of channels, to write; each gets every message"},
  {.in = pool, .name = "outputs", .type = references, .help = "the same as `output`"},
  {.in = pool, .name = "dispatch", .type = word, .status = planned},
  {.in = pool, .name = "partition_by", .type = text, .status = planned},
  {.in = pool, .name = "order", .type = word, .standard = "any", .help = "`preserve`: outputs in the order of inputs", .words = "any preserve", .planned_words = "partition"},
  {.in = pool, .name = "max_in_flight", .type = integer, .standard = "1 for command and shell, else 64", .help = "messages that one worker holds", .min = 1, .max = 1000000},
  {.in = pool, .name = "batch", .type = map, .inner = batch, .status = planned},
  {.in = pool, .name = "message_timeout", .type = value_type::duration, .standard = "none", .help = "a message that takes longer kills its worker", .min = 1},
  {.in = pool, .name = "message_soft_timeout", .type = value_type::duration, .status = planned},
  {.in = pool, .name = "retry", .type = map, .help = "what a failed message gets", .inner = retry},
  {.in = pool, .name = "dead_letter", .type = reference, .help = "channel for messages that failed every attempt"},
  {.in = pool, .name = "on_error", .type = word, .standard = "stop", .help = "what a source does about what it cannot read; skipped is told and counted, and the run ends with 65", .words = "stop skip"},
  {.in = pool, .name = "rate_limit", .type = map, .inner = rate_limit, .status = planned},
  {.in = pool, .name = "checkpoint", .type = map, .help = "how often an aggregation's state is kept", .inner = checkpoint},
  {.in = pool, .name = "protocol", .type = map, .help = "how a command speaks on stdin and stdout", .inner = protocol},
  // Pools: life.
  {.in = pool, .name = "restart", .type = map, .help = "policy word, or map", .inner = restart},
  {.in = pool, .name = "start", .type = map, .help = "how workers come up", .inner = start},
  {.in = pool, .name = "stop", .type = map, .help = "how workers are stopped", .inner = stop},
  {.in = pool, .name = "probes", .type = map, .inner = probes, .status = planned},
  {.in = pool, .name = "watchdog", .type = value_type::duration, .status = planned},
  {.in = pool, .name = "watchdog_signal", .type = signal, .status = planned},
  {.in = pool, .name = "recycle", .type = map, .help = "when healthy workers are replaced", .inner = recycle},
  {.in = pool, .name = "depends_on", .type = any, .inner = dependency, .status = planned},
  {.in = pool, .name = "significant", .type = boolean, .status = planned},
  // Pools: the process.
  {.in = pool, .name = "env", .type = text_map, .help = "environment; wins over the top one"},
  {.in = pool, .name = "env_file", .type = text_list, .help = "files of `KEY=VALUE` lines, below `env`"},
  {.in = pool, .name = "clear_env", .type = boolean, .standard = "false", .help = "true: nothing is inherited"},
  {.in = pool, .name = "working_dir", .type = path, .standard = "folder of the file", .help = "relative to the folder of the file"},
  {.in = pool, .name = "user", .type = text, .status = planned},
  {.in = pool, .name = "group", .type = text, .status = planned},
  {.in = pool, .name = "groups", .type = text_list, .status = planned},
  {.in = pool, .name = "umask", .type = text, .status = planned},
  {.in = pool, .name = "limits", .type = map, .help = "resource limits: value, or `{soft, hard}`", .inner = limits},
  {.in = pool, .name = "cgroup", .type = map, .inner = cgroup, .status = planned},
  {.in = pool, .name = "nice", .type = integer, .status = planned},
  {.in = pool, .name = "oom_score_adj", .type = integer, .status = planned},
  {.in = pool, .name = "cpu_affinity", .type = any, .status = planned},
  {.in = pool, .name = "sched", .type = text, .status = planned},
  {.in = pool, .name = "sockets", .type = named_maps, .inner = socket, .status = planned},
  {.in = pool, .name = "stdin", .type = word, .status = planned},
  {.in = pool, .name = "log", .type = map, .help = "what becomes of its output", .inner = section::log},
  {.in = pool, .name = "hooks", .type = map, .inner = hooks, .status = planned},
  {.in = pool, .name = "schedule", .type = text, .status = planned},
  {.in = pool, .name = "watch", .type = any, .status = planned},

  {.in = checkpoint, .name = "messages", .type = integer, .standard = "1000", .help = "after so many messages", .min = 1, .max = 1000000000},
  {.in = checkpoint, .name = "period", .type = value_type::duration, .standard = "100ms", .help = "or after this long", .min = 1},

  {.in = retry, .name = "max_attempts", .type = integer, .standard = "3", .help = "deliveries, the first included", .min = 1, .max = 1000000},
  {.in = retry, .name = "backoff", .type = map, .help = "pause between them", .inner = retry_backoff},
  {.in = retry, .name = "on", .type = any, .status = planned},
  {.in = retry_backoff, .name = "initial", .type = value_type::duration, .standard = "100ms", .help = "first pause; 0: none at all, for none grows out of it"},
  {.in = retry_backoff, .name = "max", .type = value_type::duration, .standard = "10s", .help = "longest pause; at least `initial`"},
  {.in = retry_backoff, .name = "factor", .type = number, .standard = "2", .help = "each pause to the next", .min = 1, .max = 1000},
  {.in = retry_backoff, .name = "jitter", .type = number, .standard = "0.1", .help = "part of the pause that is random", .min = 0, .max = 1},

  {.in = protocol, .name = "mode", .type = word, .standard = "envelope when the codec is json, else required", .help = "who answers what",
   .words = "stream request_reply envelope", .planned_words = "sink source"},
  {.in = protocol, .name = "framing", .type = word, .standard = "lines", .help = "where a message ends", .words = "lines", .planned_words = "length_prefixed netstring"},
  {.in = protocol, .name = "codec", .type = word, .standard = "by the channel's type", .help = "what a message is", .words = "string json", .planned_words = "raw caf"},
  {.in = protocol, .name = "io", .type = word, .standard = "stdio", .help = "where it speaks", .words = "stdio", .planned_words = "fds"},
  {.in = protocol, .name = "ack", .type = word, .status = planned},
  {.in = protocol, .name = "max_errors", .type = integer, .status = planned},

  {.in = restart, .name = "policy", .type = word, .standard = "permanent", .help = "after which exits (always, on_failure and never mean the same)",
   .words = "permanent transient temporary always on_failure never"},
  {.in = restart, .name = "intensity", .type = integer, .standard = "3 x replicas", .help = "restarts of the pool allowed inside `period`", .min = 0, .max = 1000000, .words = "unlimited"},
  {.in = restart, .name = "period", .type = value_type::duration, .standard = "30s", .help = "window of `intensity`", .min = 1},
  {.in = restart, .name = "on_exhausted", .type = word, .standard = "escalate", .help = "then: the pool fails, or the slot stays down", .words = "escalate park"},
  {.in = restart, .name = "success_exit", .type = exit_list, .standard = "[0]", .help = "exits that are no failure"},
  {.in = restart, .name = "prevent_exit", .type = exit_list, .standard = "[]", .help = "exits that are never restarted"},
  {.in = restart, .name = "force_exit", .type = exit_list, .standard = "[]", .help = "exits that are always restarted"},
  {.in = restart, .name = "backoff", .type = map, .help = "pause before a restart", .inner = restart_backoff},
  {.in = restart_backoff, .name = "initial", .type = value_type::duration, .standard = "100ms", .help = "first pause; 0: none at all, for none grows out of it"},
  {.in = restart_backoff, .name = "max", .type = value_type::duration, .standard = "30s", .help = "longest pause; at least `initial`"},
  {.in = restart_backoff, .name = "factor", .type = number, .standard = "2", .help = "each pause to the next", .min = 1, .max = 1000},
  {.in = restart_backoff, .name = "jitter", .type = number, .standard = "0.1", .help = "part of the pause that is random", .min = 0, .max = 1},
  {.in = restart_backoff, .name = "reset_after", .type = value_type::duration, .standard = "60s", .help = "up this long: the next pause is `initial` again"},

  {.in = start, .name = "timeout", .type = value_type::duration, .standard = "30s", .help = "from start to ready, then killed", .min = 1},
  {.in = start, .name = "stagger", .type = value_type::duration, .standard = "0s", .help = "pause between two workers"},
  {.in = start, .name = "method", .type = word, .standard = "zygote", .help = "workers are forked from a prepared process, or each executes the program again; commands are executed always", .words = "zygote spawn"},
  {.in = start, .name = "autostart", .type = boolean, .status = planned},

  {.in = stop, .name = "signal", .type = signal, .standard = "TERM", .help = "sent first"},
  {.in = stop, .name = "final_signal", .type = signal, .standard = "KILL", .help = "sent after `timeout`"},
  {.in = stop, .name = "timeout", .type = value_type::duration, .standard = "10s", .help = "between the two", .words = "infinity brutal_kill"},
  {.in = stop, .name = "drain", .type = value_type::duration, .standard = "5s with an input, else 0s", .help = "wait for messages in hand before `signal`"},
  {.in = stop, .name = "scope", .type = word, .standard = "group", .help = "whom signals reach", .words = "group process", .planned_words = "mixed"},
  {.in = stop, .name = "command", .type = text_list, .status = planned},

  {.in = recycle, .name = "max_messages", .type = integer, .standard = "off", .help = "after so many messages", .min = 1, .max = 1000000000000},
  {.in = recycle, .name = "max_age", .type = value_type::duration, .standard = "off", .help = "after this long", .min = 1},
  {.in = recycle, .name = "max_memory", .type = size, .standard = "off", .help = "above this resident set", .min = 1},
  {.in = recycle, .name = "jitter", .type = number, .standard = "0", .help = "part taken off these, evenly more from worker to worker", .min = 0, .max = 1},

  {.in = section::log, .name = "stdout", .type = word, .standard = "prefix", .help = "where stdout goes", .words = "prefix inherit null", .planned_words = "syslog journal"},
  {.in = section::log, .name = "stderr", .type = word, .standard = "prefix", .help = "where stderr goes", .words = "prefix inherit null", .planned_words = "syslog journal"},
  {.in = section::log, .name = "rotate", .type = map, .inner = log_rotate, .status = planned},
  {.in = section::log, .name = "format", .type = map, .inner = log_format, .status = planned},

#define TROUPE_LIMIT(NAME, TYPE, HELP) {.in = limits, .name = NAME, .type = TYPE, .standard = "inherited", .help = HELP, .min = 0, .words = "unlimited"}
  TROUPE_LIMIT("as", size, "address space"), TROUPE_LIMIT("core", size, "core file"),
  TROUPE_LIMIT("cpu", value_type::duration, "processor time, whole seconds"), TROUPE_LIMIT("data", size, "data segment"),
  TROUPE_LIMIT("fsize", size, "largest file"), TROUPE_LIMIT("locks", integer, "file locks"),
  TROUPE_LIMIT("memlock", size, "locked memory"), TROUPE_LIMIT("msgqueue", size, "POSIX message queues"),
  TROUPE_LIMIT("nice", integer, "ceiling of 20 - nice"), TROUPE_LIMIT("nofile", integer, "open descriptors"),
  TROUPE_LIMIT("nproc", integer, "processes of the user"), TROUPE_LIMIT("rss", size, "resident set (no effect in Linux)"),
  TROUPE_LIMIT("rtprio", integer, "real-time priority"), TROUPE_LIMIT("rttime", value_type::duration, "real-time slice, whole microseconds"),
  TROUPE_LIMIT("sigpending", integer, "pending signals"), TROUPE_LIMIT("stack", size, "stack"),
#undef TROUPE_LIMIT
  {.in = limit, .name = "soft", .type = any, .help = "what counts; the process may raise it to `hard`"},
  {.in = limit, .name = "hard", .type = any, .help = "what it cannot pass"},

  // Described for later; a file that uses one is refused.
#define TROUPE_PLANNED(SECTION, NAME, TYPE) {.in = SECTION, .name = NAME, .type = TYPE, .status = planned}
  TROUPE_PLANNED(supervisor, "strategy", word), TROUPE_PLANNED(supervisor, "intensity", integer), TROUPE_PLANNED(supervisor, "period", value_type::duration),
  TROUPE_PLANNED(supervisor, "auto_shutdown", word), TROUPE_PLANNED(supervisor, "exit_code_from", name),
  TROUPE_PLANNED(autoscale, "min", integer), TROUPE_PLANNED(autoscale, "max", integer), TROUPE_PLANNED(autoscale, "target_queue", integer),
  TROUPE_PLANNED(autoscale, "up_after", value_type::duration), TROUPE_PLANNED(autoscale, "down_after", value_type::duration),
  TROUPE_PLANNED(autoscale, "cooldown", value_type::duration), TROUPE_PLANNED(autoscale, "step", integer),
  TROUPE_PLANNED(batch, "count", integer), TROUPE_PLANNED(batch, "bytes", size), TROUPE_PLANNED(batch, "period", value_type::duration),
  TROUPE_PLANNED(rate_limit, "count", integer), TROUPE_PLANNED(rate_limit, "interval", value_type::duration), TROUPE_PLANNED(rate_limit, "burst", integer),
  TROUPE_PLANNED(probes, "startup", map), TROUPE_PLANNED(probes, "readiness", map), TROUPE_PLANNED(probes, "liveness", map),
  TROUPE_PLANNED(probe, "exec", text_list), TROUPE_PLANNED(probe, "http", map), TROUPE_PLANNED(probe, "tcp", map),
  TROUPE_PLANNED(probe, "log_line", text), TROUPE_PLANNED(probe, "notify", boolean), TROUPE_PLANNED(probe, "initial_delay", value_type::duration),
  TROUPE_PLANNED(probe, "period", value_type::duration), TROUPE_PLANNED(probe, "timeout", value_type::duration),
  TROUPE_PLANNED(probe, "success_threshold", integer), TROUPE_PLANNED(probe, "failure_threshold", integer),
  TROUPE_PLANNED(http_probe, "port", integer), TROUPE_PLANNED(http_probe, "path", text), TROUPE_PLANNED(http_probe, "host", text),
  TROUPE_PLANNED(http_probe, "scheme", word), TROUPE_PLANNED(http_probe, "headers", text_map), TROUPE_PLANNED(http_probe, "status", any),
  TROUPE_PLANNED(tcp_probe, "port", integer), TROUPE_PLANNED(tcp_probe, "host", text),
  TROUPE_PLANNED(dependency, "condition", word), TROUPE_PLANNED(dependency, "restart", boolean),
  TROUPE_PLANNED(cgroup, "memory_max", size), TROUPE_PLANNED(cgroup, "memory_high", size), TROUPE_PLANNED(cgroup, "cpu_max", number),
  TROUPE_PLANNED(cgroup, "pids_max", integer), TROUPE_PLANNED(cgroup, "io_weight", integer), TROUPE_PLANNED(cgroup, "path", path),
  TROUPE_PLANNED(socket, "listen", text), TROUPE_PLANNED(socket, "backlog", integer), TROUPE_PLANNED(socket, "mode", text), TROUPE_PLANNED(socket, "reuseport", boolean),
  TROUPE_PLANNED(log_rotate, "max_bytes", size), TROUPE_PLANNED(log_rotate, "backups", integer), TROUPE_PLANNED(log_rotate, "compress", boolean),
  TROUPE_PLANNED(log_format, "prefix", boolean), TROUPE_PLANNED(log_format, "timestamp", any), TROUPE_PLANNED(log_format, "json", boolean),
  TROUPE_PLANNED(log_format, "strip_ansi", boolean), TROUPE_PLANNED(log_format, "max_line", size),
  TROUPE_PLANNED(hooks, "pre_start", text_list), TROUPE_PLANNED(hooks, "post_start", text_list), TROUPE_PLANNED(hooks, "pre_stop", text_list),
  TROUPE_PLANNED(hooks, "post_stop", text_list), TROUPE_PLANNED(hooks, "on_exit", text_list), TROUPE_PLANNED(hooks, "on_failed", text_list),
  TROUPE_PLANNED(hooks, "timeout", value_type::duration),
  TROUPE_PLANNED(group, "children", text_list), TROUPE_PLANNED(group, "strategy", word), TROUPE_PLANNED(group, "intensity", integer),
  TROUPE_PLANNED(group, "period", value_type::duration), TROUPE_PLANNED(group, "auto_shutdown", word), TROUPE_PLANNED(group, "restart", map),
  TROUPE_PLANNED(group, "stop", map), TROUPE_PLANNED(group, "significant", boolean), TROUPE_PLANNED(group, "order", word), TROUPE_PLANNED(group, "depends_on", any),
  TROUPE_PLANNED(group_stop, "timeout", value_type::duration),
#undef TROUPE_PLANNED
  };
}
// clang-format on

} // namespace

const std::vector<key_row>& all_keys() {
  static const auto rows = make_rows();
  return rows;
}

} // namespace troupe::config
