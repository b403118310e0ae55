// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/process/child_spec.hpp"

#include <cstdint>
#include <optional>

namespace troupe {

/// The pauses between the restarts of one slot: each longer than the one before, up to a limit,
/// and the first one again once a worker has been up for long enough.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none; odd numbers are brought into range.
class backoff {
public:
  explicit backoff(backoff_spec spec) noexcept;

  /// Returns the pause before the next restart. `uptime` is how long the worker that has just
  /// ended had been ready (absent: it never was); `random` in 0 .. 1 picks the pause inside the
  /// jitter, 0.5 being the middle.
  [[nodiscard]] duration next(std::optional<duration> uptime, double random) noexcept;

private:
  backoff_spec spec_;
  double nominal_; // In nanoseconds, of the next pause; a double cannot overflow on the way.
};

} // namespace troupe
