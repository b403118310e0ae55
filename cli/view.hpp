// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/control/status.hpp"
#include "troupe/runtime/troupe_host.hpp"

#include <string>

namespace troupe::cli {

/// What `status`, the progress line and the table at the end all show.
[[nodiscard]] control::pool_view view_of(const pool_report& report, time_point now);

[[nodiscard]] control::channel_view view_of(const channel_report& report);

[[nodiscard]] std::string to_string(run_result::ending ending);

} // namespace troupe::cli
