// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::pipeline {

/// What the host sent.
struct config_source {
  std::string_view json;
  std::string_view places_json; ///< Keys and where they stand; may be empty.
};

/// Makes a worker's config from what the host sent.
expected<worker_config> parse_config(const config_source& from, std::string pool,
                                     std::uint32_t replica, bool is_resumed);

} // namespace troupe::pipeline
