// Part of Troupe; see LICENSE.

#pragma once

#include <optional>
#include <string>

namespace troupe::os {

/// How many CPUs this process may use: its affinity and every cgroup quota above it (v1 and v2),
/// rounded up, at least 1. Not cached: both may change.
unsigned usable_cpu_count();

/// The tightest cgroup quota in CPUs, or nothing when there is none. `root` stands for "/" in
/// tests.
std::optional<double> cgroup_cpu_quota(const std::string& root = {});

} // namespace troupe::os
