// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/spec.hpp"
#include "troupe/control/status.hpp"
#include "troupe/runtime/troupe_host.hpp"

#include <string>

namespace troupe {

/// What `status`, the progress line and the table at the end all show. `started`: when the run
/// began. A host that is too busy to answer has no pools or no channels in it.
[[nodiscard]] control::troupe_view view_of(troupe_host& host, const config::troupe_spec& spec,
                                           time_point started);

[[nodiscard]] control::pool_view view_of(const pool_report& report, time_point now);

[[nodiscard]] control::channel_view view_of(const channel_report& report);

[[nodiscard]] std::string to_string(run_result::ending ending);

} // namespace troupe
