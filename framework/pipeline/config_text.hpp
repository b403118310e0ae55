// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::pipeline {

/// Makes a worker's config from the JSON that the host sent.
expected<worker_config> parse_config(std::string_view json, std::string pool, std::uint32_t replica,
                                     bool is_resumed);

} // namespace troupe::pipeline
