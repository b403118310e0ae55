// Part of Troupe; see LICENSE.

#pragma once

#include <chrono>

namespace troupe {

/// The one clock of Troupe: monotonic, so that a wait never depends on the wall clock.
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = std::chrono::nanoseconds;

} // namespace troupe
