// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/process/child_spec.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace troupe {

/// Everything a pool is made from, checked and complete: `pool_options` with the defaults filled
/// in.
struct pool_settings {
  std::string name = "pool";
  std::uint32_t replicas = 1;
  std::uint32_t standby = 0; ///< Workers kept warm, without work.
  std::uint32_t in_flight_max = std::numeric_limits<std::uint32_t>::max(); ///< Per worker.
  duration task_timeout{}; ///< 0: none. Counts from when a worker begins the task.
  std::uint16_t attempts_max = 1;
  std::size_t queued_max = 0;
  std::size_t input_arena_bytes = 0;
  std::size_t output_arena_bytes = 0;
  recycle_spec recycle;
  restart_spec restart;
  stop_spec stop;
  start_spec start;
  process_options process; ///< Its name is set per worker.
  std::uint64_t initializer_code = 0;
  std::vector<std::byte> initializer_payload;
};

} // namespace troupe
