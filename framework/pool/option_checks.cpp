// Part of Troupe; see LICENSE.

#include "troupe/pool/option_checks.hpp"

#include "troupe/base/text.hpp"
#include "troupe/os/limits.hpp"
#include "troupe/pool/pool.hpp"
#include "troupe/pool/worker_setup.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace troupe::option_checks {

namespace {

constexpr std::size_t name_bytes_max = 200;
constexpr int signal_max = 64;
constexpr int exit_code_max = 255;
constexpr double factor_max = 1000; // As in YAML.
// What a process can address.
constexpr std::size_t arena_bytes_max = std::size_t{1} << 47;
constexpr std::size_t chunk_max = std::size_t{1} << 26;
constexpr std::size_t look_ahead_max = std::size_t{1} << 24;

[[noreturn]] void refuse(std::string_view field, const std::string& value,
                         const std::string& wanted) {
  throw std::invalid_argument{std::string{field} + " is " + value + "; it must be " + wanted};
}

std::string in_quotes(std::string_view text) {
  return "\"" + text::printable(text) + "\"";
}

std::string in_words(duration value) {
  return std::to_string(value.count()) + " ns";
}

std::string in_words(double value) {
  auto text = std::to_string(value);
  return text.find('.') == std::string::npos ? text : text.substr(0, text.find('.') + 4);
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

void check_number(std::string_view field, double value, double value_min, double value_max) {
  if (std::isfinite(value) && value >= value_min && value <= value_max) return;
  refuse(field, in_words(value), in_words(value_min) + " to " + in_words(value_max));
}

void check_signal(std::string_view field, int number) {
  if (number >= 1 && number <= signal_max) return;
  refuse(field, std::to_string(number), "a signal, 1 to " + std::to_string(signal_max));
}

template<class E>
void check_enum(std::string_view field, E value, E last) {
  const auto number = static_cast<int>(value);
  if (number >= 0 && number <= static_cast<int>(last)) return;
  refuse(field, std::to_string(number), "one of its type's names");
}

void check_exits(std::string_view field, const std::vector<exit_status>& all) {
  for (const auto& each : all) {
    if (each.signal()) check_signal(field, *each.signal());
    if (each.code() && (*each.code() < 0 || *each.code() > exit_code_max)) {
      refuse(field, "exit code " + std::to_string(*each.code()),
             "0 to " + std::to_string(exit_code_max));
    }
  }
}

void check_backoff(const backoff_spec& backoff) {
  check_span("pool_options::restart.backoff.initial", backoff.initial);
  check_span("pool_options::restart.backoff.max", backoff.max);
  if (backoff.initial > backoff.max) {
    refuse("pool_options::restart.backoff.initial", in_words(backoff.initial),
           "at most restart.backoff.max, " + in_words(backoff.max));
  }
  check_number("pool_options::restart.backoff.factor", backoff.factor, 1, factor_max);
  check_number("pool_options::restart.backoff.jitter", backoff.jitter, 0, 1);
  check_span("pool_options::restart.backoff.reset_after", backoff.reset_after);
  const backoff_spec usual;
  const bool is_growing = (backoff.max != usual.max && backoff.max != duration::zero()) ||
                          (backoff.factor != usual.factor && backoff.factor != 1);
  if (backoff.initial == duration::zero() && is_growing) {
    refuse("pool_options::restart.backoff.initial", "0",
           "more than 0 where max or factor is set: no pause grows out of 0");
  }
}

void check_env(const std::map<std::string, std::string>& env) {
  for (const auto& [name, value] : env) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      refuse("a name in pool_options::process.env", in_quotes(name),
             "not empty and without '=' and NUL");
    }
    if (value.find('\0') != std::string::npos) {
      refuse("pool_options::process.env[" + in_quotes(name) + "]", in_quotes(value), "without NUL");
    }
  }
}

} // namespace

void check_name(const std::string& name) {
  if (!name.empty() && name.size() <= name_bytes_max && !has_control_characters(name)) return;
  refuse("pool_options::name", in_quotes(name),
         "1 to " + std::to_string(name_bytes_max) + " bytes without control characters");
}

void check_span(std::string_view field, duration value) {
  if (value >= duration::zero() && value <= longest) return;
  refuse(field, in_words(value), "0 to 100 years");
}

void check_span_not_zero(std::string_view field, duration value) {
  if (value > duration::zero() && value <= longest) return;
  refuse(field, in_words(value), "more than 0, at most 100 years");
}

void check_arena(std::string_view field, std::size_t size_bytes) {
  if (size_bytes > 0 && size_bytes <= arena_bytes_max) return;
  refuse(field, std::to_string(size_bytes), "1 to " + std::to_string(arena_bytes_max));
}

void check(const restart_spec& restart) {
  check_enum("pool_options::restart.policy", restart.policy, restart_type::temporary);
  check_span_not_zero("pool_options::restart.period", restart.period);
  check_exits("pool_options::restart.success_exit", restart.success_exit);
  check_exits("pool_options::restart.prevent_exit", restart.prevent_exit);
  check_exits("pool_options::restart.force_exit", restart.force_exit);
  check_backoff(restart.backoff);
}

void check(const stop_spec& stop) {
  check_signal("pool_options::stop.signal", stop.signal);
  check_signal("pool_options::stop.final_signal", stop.final_signal);
  if (stop.timeout) check_span("pool_options::stop.timeout", *stop.timeout);
  check_span("pool_options::stop.drain", stop.drain);
  check_enum("pool_options::stop.scope", stop.scope, signal_scope::group);
}

void check(const start_spec& start) {
  check_span_not_zero("pool_options::start.timeout", start.timeout);
  check_span("pool_options::start.stagger", start.stagger);
  check_enum("pool_options::start.method", start.method, start_method::spawn);
}

void check(const recycle_spec& recycle) {
  check_span("pool_options::recycle.age_max", recycle.age_max);
  check_number("pool_options::recycle.jitter", recycle.jitter, 0, 1);
}

void check(const process_options& process) {
  if (!process.name.empty()) {
    refuse("pool_options::process.name", in_quotes(process.name),
           "empty: each worker has the pool's name and its slot");
  }
  check_env(process.env);
  if (process.working_dir.find('\0') != std::string::npos) {
    refuse("pool_options::process.working_dir", in_quotes(process.working_dir), "without NUL");
  }
  for (const auto& limit : process.limits) {
    const auto name = os::limit_name_of(limit.resource);
    if (name == "?") {
      refuse("a resource in pool_options::process.limits", std::to_string(limit.resource),
             "one of RLIMIT_*");
    }
    if (limit.soft > limit.hard) {
      refuse("the soft limit of '" + std::string{name} + "' in pool_options::process.limits",
             std::to_string(limit.soft), "at most the hard one, " + std::to_string(limit.hard));
    }
  }
  check_enum("pool_options::process.out", process.out, output_mode::discard);
  check_enum("pool_options::process.err", process.err, output_mode::discard);
}

void check_initializer(const pool_settings& settings) {
  const worker_setup setup{.pool = settings.name,
                           .slot = 0,
                           .incarnation = 0,
                           .initializer_code = settings.initializer_code,
                           .initializer_payload = settings.initializer_payload};
  const auto size = encode_setup(setup).size();
  if (size <= launch_argument_bytes_max) return;
  const auto room = launch_argument_bytes_max - (size - settings.initializer_payload.size());
  refuse("the arguments of pool_options::initializer",
         std::to_string(settings.initializer_payload.size()) + " bytes",
         "at most " + std::to_string(room) +
             "; pass the name of a file, or send the rest as a task");
}

void check(const task_options& options) {
  constexpr int attempts_max = std::numeric_limits<std::uint16_t>::max();
  check_span("task_options::timeout", options.timeout);
  if (options.max_attempts >= 0 && options.max_attempts <= attempts_max) return;
  refuse("task_options::max_attempts", std::to_string(options.max_attempts),
         "0 to " + std::to_string(attempts_max));
}

void check(const map_options& options) {
  if (options.chunk > chunk_max) {
    refuse("map_options::chunk", std::to_string(options.chunk),
           "1 to " + std::to_string(chunk_max) + ", or 0 to have it chosen");
  }
  if (options.look_ahead > look_ahead_max) {
    refuse("map_options::look_ahead", std::to_string(options.look_ahead),
           "1 to " + std::to_string(look_ahead_max) + ", or 0 to have it chosen");
  }
}

} // namespace troupe::option_checks
