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

/// A message of about 1 to 3 MiB, whose bytes around each border of a piece are `seed + number`.
std::string blob(std::uint64_t seed, std::uint64_t number);

} // namespace troupe::test
