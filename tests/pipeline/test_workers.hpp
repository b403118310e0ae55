// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/graph.hpp"

#include <string>

namespace troupe::test {

/// Shorthands for the specs of tests. @{
pipeline::channel_spec channel(std::string name, std::size_t capacity = 64);
pipeline::stage_spec stage(std::string name, std::string worker, std::vector<std::string> inputs,
                           std::vector<std::string> outputs, std::string config = "{}");
/// @}

} // namespace troupe::test
