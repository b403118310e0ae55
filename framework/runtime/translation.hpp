// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/config/spec.hpp"
#include "troupe/pipeline/graph.hpp"
#include "troupe/pool/pool_settings.hpp"
#include "troupe/runtime/service_pool.hpp"

#include <vector>

namespace troupe {

/// The configuration's pipeline: the graph, and for each of its stages how workers are made.
struct pipeline_plan {
  pipeline::graph_spec graph;
  std::vector<pool_settings> settings;
};

/// A pool without channels is a service; every other enabled pool is a stage.
[[nodiscard]] bool is_service(const config::pool_spec& pool) noexcept;

/// @{ From the words of the configuration to the terms of the rooms that run it.
expected<pipeline_plan> plan_pipeline(const config::troupe_spec& spec, bool has_chaos);
std::vector<service_settings> plan_services(const config::troupe_spec& spec);
/// @}

} // namespace troupe
