// Part of Troupe; see LICENSE.

#include "troupe/config/detail/graph.hpp"
#include "troupe/config/units.hpp"

#include <algorithm>
#include <array>

namespace troupe::config::detail {

namespace {

bool may_have_many(const pool_spec& pool) {
  return !pool.replicas || *pool.replicas > 1;
}

// Says that `key` cannot stand in this pool. What came from `defaults` is meant for other pools.
void refuse(const pool_draft& pool, std::string_view key, std::string message) {
  if (pool.from.has_own(key)) pool.from.error(key, problem::bad_combination, std::move(message));
}

void check_kind(const pool_draft& pool) {
  const auto kind = pool.spec.kind;
  const std::string name{to_string(kind)};
  if (kind != pool_kind::worker)
    refuse(pool, "module", "only a 'worker' has a module, not a " + name);
  if (!is_foreign(pool.spec))
    refuse(pool, "protocol", "only 'command' and 'shell' have a protocol, not a " + name);
  if (kind == pool_kind::worker && pool.from.has_own("args")) {
    pool.from.error("args", problem::planned_key,
                    "arguments of a 'worker' are planned, not available in this build; put them "
                    "under 'config'");
  }
  if (kind == pool_kind::shell)
    refuse(pool, "args", "write the arguments into the text of 'shell'");
  if (kind == pool_kind::builtin) {
    refuse(pool, "args", "a builtin has no arguments; its settings stand under 'builtin'");
    refuse(pool, "config", "the settings of a builtin stand under 'builtin'");
  }
  const bool has_state = kind == pool_kind::worker ||
                         (pool.ready_made != nullptr && pool.spec.role == builtin_role::aggregate);
  if (!has_state) refuse(pool, "checkpoint", "only workers and aggregating builtins keep a state");
}

void check_builtin(const pool_draft& pool) {
  if (pool.ready_made == nullptr) return;
  const auto& spec = pool.spec;
  const auto who = "builtin '" + spec.builtin + "' is a " + std::string{to_string(spec.role)};
  const auto check = [&](std::string_view one, std::string_view many, bool is_wanted,
                         bool is_there) {
    if (is_wanted && !is_there) {
      pool.from.error(one, problem::missing_key, "required; " + who);
    } else if (!is_wanted && is_there) {
      pool.from.error(pool.from.has(one) ? one : many, problem::bad_combination,
                      who + " and has no " + std::string{one});
    }
  };
  // A key that is there and wrong has had its error already.
  const bool has_input = pool.from.has("input") || pool.from.has("inputs");
  const bool has_output = pool.from.has("output") || pool.from.has("outputs");
  check("input", "inputs", spec.role != builtin_role::source, has_input);
  check("output", "outputs", spec.role != builtin_role::sink, has_output);
  if (pool.ready_made->is_single && may_have_many(spec)) {
    pool.from.error("replicas", problem::bad_combination,
                    "builtin '" + spec.builtin +
                        "' works alone; a second worker would repeat or mix its work");
  }
}

// It works on a thread of the host: there is no process to be started, stopped or limited.
void check_builtin_in_host(const pool_draft& pool) {
  if (pool.ready_made == nullptr || !pool.ready_made->is_in_host) return;
  const auto why = "has no meaning: builtin '" + pool.spec.builtin +
                   "' uses the descriptor of this run, and has no process of its own";
  constexpr std::array<std::string_view, 9> about_process{
      "restart", "start",       "recycle",        "env", "env_file", "clear_env",
      "limits",  "working_dir", "message_timeout"};
  for (const auto key : about_process) refuse(pool, key, why);
  // What was written as a file had a worker whose stdout had to be let through.
  if (!pool.is_stream_by_path) refuse(pool, "log", why);
  const auto* const stop = pool.from.has_own("stop") ? pool.from.find("stop") : nullptr;
  if (stop == nullptr) return;
  for (const auto& one : stop->value->entries) {
    if (one.is_default || one.key == "drain") continue;
    pool.from.owner().error(problem::bad_combination, one.at, pool.from.path_to("stop." + one.key),
                            why);
  }
}

// Nothing of a worker of the user's asks for the rule.
bool knows_on_error(const pool_draft& pool, bool has_input) {
  if (pool.spec.kind == pool_kind::builtin) return pool.spec.role == builtin_role::source;
  const bool has_output = pool.from.has("output") || pool.from.has("outputs");
  return is_foreign(pool.spec) && !has_input && has_output;
}

void check_messages(const pool_draft& pool) {
  const bool has_input = pool.from.has("input") || pool.from.has("inputs");
  const bool has_output = pool.from.has("output") || pool.from.has("outputs");
  constexpr std::array<std::string_view, 4> about_input{"order", "max_in_flight", "message_timeout",
                                                        "retry"};
  for (const auto key : about_input) {
    if (!has_input) refuse(pool, key, "has no meaning without 'input'");
  }
  if (!has_input && !has_output) {
    refuse(pool, "dead_letter", "has no meaning without 'input' or 'output'");
  }
  if (pool.has_kind && !knows_on_error(pool, has_input)) {
    refuse(pool, "on_error",
           "is for builtins and commands that are sources; what another pool cannot read is an "
           "error of its message: see 'retry' and 'dead_letter'");
  }
  if (is_foreign(pool.spec) && !has_input && has_output) {
    refuse(pool, "recycle", "a command that is a source cannot go on where another has stopped");
  } else if (!has_input && pool.spec.recycle.messages_max != 0) {
    refuse(pool, "recycle", "'max_messages' has no meaning without 'input'");
  }
}

} // namespace

void check_combinations(const pool_draft& pool) {
  if (pool.has_kind) {
    check_kind(pool);
    check_builtin(pool);
    check_builtin_in_host(pool);
  }
  check_messages(pool);
}

void check_restart_limit(const pool_draft& pool) {
  const auto& restart = pool.spec.restart;
  const auto found = pool.from.find("restart");
  if (found == nullptr || !restart.intensity || *restart.intensity == unlimited_restarts) return;
  const auto where = pool.spec.positions.contains("restart.intensity")
                         ? pool.spec.positions.at("restart.intensity")
                         : found->at;
  const auto path = pool.from.path_to("restart.intensity");
  if (restart.policy == restart_type::temporary) {
    pool.from.owner().warning(problem::restart_limit, where, path,
                              "never triggers: a temporary worker is not restarted");
    return;
  }
  if (!pool.spec.replicas || *restart.intensity > 10'000) return; // Auto: known only when it runs.
  // The fastest that one slot can exit: at once after every shortest pause.
  auto exits = std::uint64_t{1};
  auto elapsed = 0.0;
  auto pause = static_cast<double>(restart.backoff.initial.count());
  const auto longest = static_cast<double>(restart.backoff.max.count());
  const auto window = static_cast<double>(restart.period.count());
  const auto wanted = std::uint64_t{*restart.intensity} + 1;
  while (exits < wanted) {
    elapsed += pause * (1 - restart.backoff.jitter);
    if (elapsed > window) break;
    ++exits;
    pause = std::min(pause * restart.backoff.factor, longest);
  }
  const auto slots = std::uint64_t{*pool.spec.replicas};
  if (slots == 0 || exits * slots >= wanted) return;
  pool.from.owner().warning(
      problem::restart_limit, where, path,
      "can never be exceeded: with pauses from " + format_duration(restart.backoff.initial) +
          " at most " + std::to_string(exits * slots - 1) + " restarts fit into " +
          format_duration(restart.period) + "; raise 'period' or lower 'intensity'");
}

} // namespace troupe::config::detail
