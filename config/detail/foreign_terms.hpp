// Part of Troupe; see LICENSE.

#pragma once

#include <string_view>

namespace troupe::config::detail {

/// Returns Troupe's dotted name for a key of supervisord, circus, process-compose, PM2, Celery,
/// systemd or docker-compose; nothing when it is not one of theirs.
std::string_view our_term(std::string_view theirs);

} // namespace troupe::config::detail
