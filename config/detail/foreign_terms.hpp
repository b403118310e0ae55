// Part of Troupe; see LICENSE.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

struct translated_term {
  std::string_view ours; ///< Dotted; empty: nobody's term.
  std::string_view how;  ///< How the value is written here, where it changes; may be empty.
};

/// Returns Troupe's name for a key of supervisord, circus, process-compose, PM2, Celery, systemd or
/// docker-compose.
translated_term our_term(std::string_view theirs);

/// Every term that is known, for tests; a prefix is completed.
std::vector<std::string> foreign_words();

} // namespace troupe::config::detail
