// Part of Troupe; see LICENSE.

#include "troupe/pool/pool_options.hpp"

#include "troupe/os/cpu_count.hpp"
#include "troupe/pool/option_checks.hpp"

#include <limits>
#include <stdexcept>

namespace troupe {

namespace {

constexpr int replicas_max = 10'000;

std::uint32_t check(const char* what, int value, int value_min, int value_max) {
  if (value < value_min || value > value_max) {
    throw std::invalid_argument{std::string{"pool_options::"} + what + " is " +
                                std::to_string(value) + "; it must be " +
                                std::to_string(value_min) + " to " + std::to_string(value_max)};
  }
  return static_cast<std::uint32_t>(value);
}

} // namespace

pool_settings make_settings(const pool_options& options) {
  pool_settings out;
  const bool is_auto = options.replicas == pool_options::usable_cpus;
  option_checks::check_name(options.name);
  out.name = options.name;
  out.replicas = is_auto ? static_cast<std::uint32_t>(os::usable_cpu_count())
                         : check("replicas", options.replicas, 1, replicas_max);
  out.standby = check("standby", options.standby, 0, replicas_max);
  out.in_flight_max =
      check("max_in_flight", options.max_in_flight, 1, std::numeric_limits<int>::max());
  out.attempts_max = static_cast<std::uint16_t>(
      check("max_attempts", options.max_attempts, 1, std::numeric_limits<std::uint16_t>::max()));
  option_checks::check_span("pool_options::task_timeout", options.task_timeout);
  out.task_timeout = options.task_timeout;
  if (options.max_queued == 0) {
    throw std::invalid_argument{"pool_options::max_queued is 0; it must be at least 1"};
  }
  out.queued_max = options.max_queued;
  option_checks::check_arena("pool_options::input_arena_bytes", options.input_arena_bytes);
  option_checks::check_arena("pool_options::output_arena_bytes", options.output_arena_bytes);
  out.input_arena_bytes = options.input_arena_bytes;
  out.output_arena_bytes = options.output_arena_bytes;
  option_checks::check(options.recycle);
  option_checks::check(options.restart);
  option_checks::check(options.stop);
  option_checks::check(options.start);
  option_checks::check(options.process);
  out.recycle = options.recycle;
  out.restart = options.restart;
  out.stop = options.stop;
  out.start = options.start;
  out.process = options.process;
  out.initializer_code = options.initializer.code;
  out.initializer_payload = options.initializer.payload;
  option_checks::check_initializer(out);
  return out;
}

} // namespace troupe
