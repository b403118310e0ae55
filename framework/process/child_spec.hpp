// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/process/launcher.hpp"

#include <csignal>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// When a worker that has exited is started again; the words are OTP's.
enum class restart_type {
  permanent, ///< Always.
  transient, ///< Only after an abnormal exit.
  temporary, ///< Never.
};

/// Pause before a restart: `initial`, then times `factor` up to `max`, each spread by ±`jitter`.
struct backoff_spec {
  duration initial = std::chrono::milliseconds{100};
  duration max = std::chrono::seconds{30};
  double factor = 2.0;
  double jitter = 0.1;                             ///< 0 .. 1 of the pause.
  duration reset_after = std::chrono::seconds{60}; ///< Up this long: the next pause is `initial`.
};

/// `restart.intensity: unlimited`.
inline constexpr std::uint32_t unlimited_restarts = std::numeric_limits<std::uint32_t>::max();

/// The restart rules of one pool (YAML `restart:`).
struct restart_spec {
  restart_type policy = restart_type::permanent;
  std::optional<std::uint32_t> intensity{}; ///< Per pool; absent: 3 x replicas.
  duration period = std::chrono::seconds{30};
  bool parks_when_exhausted = false; ///< `on_exhausted: park` instead of escalate.
  std::vector<exit_status> success_exit = {exit_status::exited_with(0)};
  std::vector<exit_status> prevent_exit{};
  std::vector<exit_status> force_exit{};
  backoff_spec backoff{};
};

/// How a worker is stopped (YAML `stop:`).
struct stop_spec {
  int signal = SIGTERM;
  int final_signal = SIGKILL;
  std::optional<duration> timeout = std::chrono::seconds{10}; ///< Absent: `infinity`.
  bool is_brutal_kill = false;                                ///< No first signal, no wait.
  duration drain{}; ///< Wait for work in hand before the signal.
  signal_scope scope = signal_scope::group;
};

/// When a healthy worker is replaced; does not count as a restart (YAML `recycle:`).
struct recycle_spec {
  std::uint64_t messages_max = 0;     ///< 0: off.
  duration age_max{};                 ///< 0: off.
  std::uint64_t memory_max_bytes = 0; ///< 0: off. Resident set.
  /// 0 .. 1: up to this part is taken off the limits, evenly more from slot to slot, so that
  /// workers that began together do not end together.
  double jitter = 0.0;
};

/// How slots come up (YAML `start:`).
struct start_spec {
  duration timeout = std::chrono::seconds{30}; ///< From start to ready; then killed.
  duration stagger{};                          ///< Pause between two slots.
  start_method method = start_method::zygote;  ///< Of workers; commands are always executed.
};

/// What a supervisor needs to know about one pool.
struct pool_supervision_spec {
  std::string name;
  std::uint32_t replicas = 1;
  restart_spec restart;
  stop_spec stop;
  start_spec start;
};

} // namespace troupe
