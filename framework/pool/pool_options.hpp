// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/pool/pool_settings.hpp"
#include "troupe/pool/typed_call.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// A call kept for later, such as a pool's initializer. Made by `bind_call`.
struct bound_call {
  std::uint64_t code = 0;
  std::vector<std::byte> payload;
};

/// Encodes a call of `f(arguments...)`; the rules are those of `pool::submit`.
template<class F, class... As>
bound_call bind_call(F&& f, As&&... arguments) {
  bound_call out;
  detail::encoded_call call;
  const auto large_room = [&](std::size_t size_bytes) {
    out.payload.resize(size_bytes);
    return std::span{out.payload};
  };
  detail::encode_call(call, large_room, std::forward<F>(f), std::forward<As>(arguments)...);
  out.code = call.code;
  if (out.payload.empty()) {
    out.payload.assign(call.small.begin(),
                       call.small.begin() + static_cast<std::ptrdiff_t>(call.size_bytes));
  }
  return out;
}

/// How a pool is made. Every field has a working default, and every one is checked: the constructor
/// throws std::invalid_argument with the name of the field that makes no sense.
///
/// Environment, working directory and umask of every worker are those of the host when the pool was
/// made, whenever the worker is started; `process` goes on top of them. Variables of the program
/// have what static initialisation gave them, never what `main` has set since.
struct pool_options {
  static constexpr int usable_cpus = -2'147'483'647; ///< By affinity and cgroup quota.

  std::string name = "pool";     ///< In logs, errors, process names.
  int replicas = usable_cpus;    ///< Workers; at least 1.
  int standby = 0;               ///< More workers, started but without work, for restarts.
  int max_in_flight = 1'000'000; ///< Tasks handed to one worker and not answered.
  /// How long a task may run from its begin; 0: for ever. Past it the worker is killed and
  /// replaced; nothing else ends a task that hangs. See `task_options::timeout`.
  duration task_timeout{};
  int max_attempts = 1;                ///< Begins of one task before it is worker_lost.
  std::size_t max_queued = 16'000'000; ///< Tasks that may wait; then submit throws.
  /// Arguments in flight; touched on use. Those of one task are below 4 GiB, as is a result.
  std::size_t input_arena_bytes = std::size_t{256} << 20;
  std::size_t output_arena_bytes = std::size_t{64} << 20; ///< Per worker: the largest result.
  recycle_spec recycle = {};                              ///< When a healthy worker is replaced.
  /// Rules and budget for workers that die. Unless intensity or period is set, no death counts
  /// while tasks are answered, nor that of an idle worker that somebody killed. Each comes back at
  /// once: `backoff.initial` is 0, out of which no pause grows. **Who writes `.restart = {...}`
  /// gets the defaults of `restart_spec`, with pauses from 100 ms up**, unless `.backoff` is
  /// written, too.
  restart_spec restart = {.backoff = {.initial = {}}};
  stop_spec stop = {};
  start_spec start = {};
  process_options process = {}; ///< Environment, limits, where output goes.
  bound_call initializer = {};  ///< Runs in each worker before its first task.
};

/// Checks the options and fills in the defaults; throws std::invalid_argument.
pool_settings make_settings(const pool_options& options);

} // namespace troupe
