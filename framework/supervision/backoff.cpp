// Part of Troupe; see LICENSE.

#include "troupe/supervision/backoff.hpp"

#include <algorithm>
#include <limits>

namespace troupe {
namespace {

double nanoseconds(duration span) noexcept {
  return static_cast<double>(std::max(span, duration::zero()).count());
}

/// Half the range of `duration`, so that a deadline of now + pause does not overflow.
constexpr double longest_pause = static_cast<double>(std::numeric_limits<duration::rep>::max() / 4);

} // namespace

backoff::backoff(backoff_spec spec) noexcept : spec_{spec}, nominal_{nanoseconds(spec.initial)} {}

duration backoff::next(std::optional<duration> uptime, double random) noexcept {
  const auto longest = nanoseconds(spec_.max);
  if (uptime && *uptime >= spec_.reset_after) nominal_ = nanoseconds(spec_.initial);
  const auto current = std::min(nominal_, longest);
  nominal_ = std::min(current * std::max(spec_.factor, 1.0), longest);

  const auto jitter = std::clamp(spec_.jitter, 0.0, 1.0);
  const auto spread = 1.0 + jitter * (2.0 * std::clamp(random, 0.0, 1.0) - 1.0);
  return duration{static_cast<duration::rep>(std::min(current * spread, longest_pause))};
}

} // namespace troupe
