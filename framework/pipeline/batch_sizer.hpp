// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/packed.hpp"

#include <chrono>
#include <cstdint>

namespace troupe::pipeline {

inline constexpr std::size_t batch_messages_max = 256;
inline constexpr std::size_t batch_bytes_max = 256 * 1024;

/// Chooses how many messages go into one job: many when they are cheap, so that the cost of a job
/// is shared; one when they are expensive, so that a retry is small and no worker hoards work.
///
/// Lives in: host. Threads: one owner. Blocks: never.
/// Crash: nothing outside the host. Errors: none; a worker's times are hints.
class batch_sizer {
public:
  /// A job of `messages` took `elapsed`, by the worker's own clock.
  void record(std::size_t messages, std::chrono::microseconds elapsed) noexcept;

  [[nodiscard]] packed_size limit() const noexcept { return {count_, batch_bytes_max}; }
  /// How many of `available` messages to give to one of `slots` workers that may have `credit`:
  /// costly messages are shared fairly while there are few of them.
  [[nodiscard]] std::size_t share(std::size_t credit, std::size_t available,
                                  std::size_t slots) const noexcept;
  /// Whether one message takes so long that a worker should hold only the one it works on.
  [[nodiscard]] bool is_expensive() const noexcept { return cost_us_ >= job_target_us; }

private:
  static constexpr double job_target_us = 1000;
  static constexpr double shared_cost_us_min = 10;

  double cost_us_ = 0; // Of one message; smoothed.
  std::size_t count_ = 1;
};

} // namespace troupe::pipeline
