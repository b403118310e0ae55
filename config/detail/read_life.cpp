// Part of Troupe; see LICENSE.

// The sections of a pool that say how its workers start, stop, fail and are limited.

#include "troupe/config/detail/hints.hpp"
#include "troupe/config/detail/map_reader.hpp"
#include "troupe/config/units.hpp"
#include "troupe/os/limits.hpp"

#include <cmath>
#include <limits>

namespace troupe::config::detail {

namespace {

constexpr int exit_code_max = 255;

void read_backoff(const map_reader& from, backoff_spec& out, bool has_reset) {
  from.time("initial", out.initial);
  from.time("max", out.max);
  from.number("factor", out.factor);
  from.number("jitter", out.jitter);
  if (has_reset) from.time("reset_after", out.reset_after);
  if (out.max >= out.initial) return;
  if (from.value("max")) {
    from.value("max")->error(problem::out_of_range, "must be at least 'initial' (" +
                                                        format_duration(out.initial) + "), got " +
                                                        format_duration(out.max));
  } else if (from.value("initial")) {
    from.value("initial")->error(problem::out_of_range,
                                 "must be at most 'max' (" + format_duration(out.max) +
                                     " unless given), got " + format_duration(out.initial));
  }
}

std::optional<exit_status> read_exit(const value_at& from) {
  const auto text = read_text(from);
  if (!text) return std::nullopt;
  if (const auto code = parse_integer(*text)) {
    if (*code >= 0 && *code <= exit_code_max)
      return exit_status::exited_with(static_cast<int>(*code));
    from.error(problem::out_of_range, "must be an exit code of 0 to 255, got " + *text);
    return std::nullopt;
  }
  if (const auto signal = parse_signal(*text)) return exit_status::killed_by(*signal);
  from.error(problem::unknown_word,
             in_quotes(*text) + " is neither an exit code of 0 to 255 nor a signal such as TERM");
  return std::nullopt;
}

void read_exits(const map_reader& from, std::string_view key, std::vector<exit_status>& out) {
  const auto found = from.value(key);
  if (!found) return;
  if (found->value.what != node::kind::sequence) return found->wrong_type();
  out.clear();
  for (std::size_t i = 0; i < found->value.items.size(); ++i) {
    const value_at item{found->owner, *found->value.items[i],
                        found->path + '[' + std::to_string(i) + ']', found->row};
    if (const auto status = read_exit(item)) out.push_back(*status);
  }
}

restart_type policy_of(std::string_view word) {
  if (word == "transient" || word == "on_failure") return restart_type::transient;
  if (word == "temporary" || word == "never") return restart_type::temporary;
  return restart_type::permanent;
}

// One of the two numbers of a limit; the unit decides how it is written.
std::optional<std::uint64_t> read_limit_value(const value_at& from, os::limit_unit unit) {
  if (peek_word(from)) return os::unlimited;
  switch (unit) {
  case os::limit_unit::bytes:
    return read_size(from);
  case os::limit_unit::count: {
    const auto count = read_integer(from);
    return count ? std::optional{static_cast<std::uint64_t>(*count)} : std::nullopt;
  }
  case os::limit_unit::seconds:
  case os::limit_unit::microseconds:
    break;
  }
  const auto time = read_duration(from);
  if (!time) return std::nullopt;
  const bool is_seconds = unit == os::limit_unit::seconds;
  const duration step =
      is_seconds ? duration{std::chrono::seconds{1}} : std::chrono::microseconds{1};
  if (time->count() % step.count() == 0) return static_cast<std::uint64_t>(*time / step);
  from.error(problem::out_of_range, std::string{"must be whole "} +
                                        (is_seconds ? "seconds" : "microseconds") + ", got " +
                                        format_duration(*time));
  return std::nullopt;
}

std::optional<resource_limit> read_limit(const value_at& from, const entry& one,
                                         os::limit_name kind) {
  if (from.value.what != node::kind::map) {
    const auto both = read_limit_value(from, kind.unit);
    if (!both) return std::nullopt;
    return resource_limit{.resource = kind.resource, .soft = *both, .hard = *both};
  }
  const map_reader pair{from.owner, from.value, section::limit, from.path, one.at};
  const auto read_half = [&](std::string_view key) -> std::optional<std::uint64_t> {
    const auto* const half = pair.find(key);
    if (half == nullptr) {
      pair.error(key, problem::missing_key,
                 "required; write {soft: ..., hard: ...}, or one value for both");
      return std::nullopt;
    }
    return read_limit_value({from.owner, *half->value, pair.path_to(key), from.row}, kind.unit);
  };
  const auto soft = read_half("soft");
  const auto hard = read_half("hard");
  if (!soft || !hard) return std::nullopt;
  if (*soft > *hard) {
    pair.value("soft")->error(problem::out_of_range, "must be at most 'hard'");
    return std::nullopt;
  }
  return resource_limit{.resource = kind.resource, .soft = *soft, .hard = *hard};
}

} // namespace

void read_restart(const map_reader& from, restart_spec& out) {
  if (const auto word = from.word("policy")) out.policy = policy_of(*word);
  if (from.is_word("intensity", "unlimited")) {
    out.intensity = unlimited_restarts;
  } else {
    std::uint32_t intensity = unlimited_restarts;
    from.integer("intensity", intensity);
    if (intensity != unlimited_restarts) out.intensity = intensity;
  }
  from.time("period", out.period);
  if (const auto word = from.word("on_exhausted")) out.parks_when_exhausted = *word == "park";
  read_exits(from, "success_exit", out.success_exit);
  read_exits(from, "prevent_exit", out.prevent_exit);
  read_exits(from, "force_exit", out.force_exit);
  if (const auto backoff = from.map("backoff")) read_backoff(*backoff, out.backoff, true);
}

void read_retry(const map_reader& from, retry_spec& out) {
  from.integer("max_attempts", out.max_attempts);
  if (const auto backoff = from.map("backoff")) read_backoff(*backoff, out.backoff, false);
}

void read_start(const map_reader& from, start_spec& out) {
  from.time("timeout", out.timeout);
  from.time("stagger", out.stagger);
  if (const auto word = from.word("method")) {
    out.method = *word == "spawn" ? start_method::spawn : start_method::zygote;
  }
}

void read_stop(const map_reader& from, stop_spec& out) {
  from.signal("signal", out.signal);
  from.signal("final_signal", out.final_signal);
  if (from.is_word("timeout", "infinity")) {
    out.timeout.reset();
  } else if (from.is_word("timeout", "brutal_kill")) {
    out.is_brutal_kill = true;
    out.timeout = duration{};
  } else {
    from.time("timeout", *out.timeout);
  }
  from.time("drain", out.drain);
  if (const auto word = from.word("scope")) {
    out.scope = *word == "process" ? signal_scope::process : signal_scope::group;
  }
}

void read_recycle(const map_reader& from, recycle_spec& out) {
  from.integer("max_messages", out.messages_max);
  from.time("max_age", out.age_max);
  from.size("max_memory", out.memory_max_bytes);
  from.number("jitter", out.jitter);
}

void read_limits(const map_reader& from, std::vector<limit_spec>& out) {
  for (const auto name : keys_of(section::limits)) {
    const auto found = from.value(name);
    if (!found) continue;
    const auto kind = os::find_limit(name);
    if (!kind) {
      found->error(problem::unsupported, "this system has no such limit");
      continue;
    }
    const auto& one = *from.find(name);
    if (const auto value = read_limit(*found, one, *kind)) {
      out.push_back({.name = std::string{name}, .value = *value, .at = place_of(one)});
    }
  }
}

} // namespace troupe::config::detail
