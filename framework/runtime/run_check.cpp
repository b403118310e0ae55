// Part of Troupe; see LICENSE.

#include "troupe/runtime/run_check.hpp"

#include "troupe/base/text.hpp"
#include "troupe/config/loader.hpp"
#include "troupe/control/endpoint.hpp"
#include "troupe/runtime/translation.hpp"

#include <algorithm>
#include <string>

namespace troupe {

namespace {

using config::pool_spec;
using config::problem;

/// Looks at one configuration, finding after finding.
class checker {
public:
  explicit checker(const config::troupe_spec& spec) : spec_{spec} {}

  std::vector<config::diagnostic> check() {
    check_any_enabled();
    for (const auto& pool : spec_.pools) {
      if (pool.enabled && !is_service(pool)) check_stage(pool);
    }
    for (const auto& channel : spec_.channels) {
      if (channel.external) check_external(channel);
    }
    check_socket(spec_.control);
    return std::move(findings_);
  }

private:
  void add(problem code, const pool_spec& pool, const std::string& key,
           const std::string& message) {
    findings_.push_back(config::make_diagnostic(spec_, code, config::position_of(pool, key),
                                                "pools." + pool.name + "." + key, message));
  }

  // It would wait until it is stopped.
  void check_any_enabled() {
    const auto is_enabled = [](const pool_spec& pool) { return pool.enabled; };
    if (spec_.pools.empty() || std::any_of(spec_.pools.begin(), spec_.pools.end(), is_enabled))
      return;
    add(problem::missing_key, spec_.pools.front(), "enabled",
        "every pool is left out ('enabled: false'), so there is nothing to run; enable one");
  }

  void check_stage(const pool_spec& pool) {
    if (pool.replicas == 0U) {
      add(problem::out_of_range, pool, "replicas",
          "a pool with channels needs at least 1, got 0: its messages would wait for ever; to "
          "leave the pool out write 'enabled: false'");
    } else if (pool.inputs.empty() && !pool.outputs.empty() && pool.replicas != 1U) {
      add(problem::bad_combination, pool, "replicas",
          "a pool without 'input' is a source and works alone: each worker would give the same "
          "messages; write 'replicas: 1'");
    }
    if (pool.kind == config::pool_kind::worker && !pool.config_json.starts_with('{') &&
        pool.config_json != "null") {
      add(problem::wrong_type, pool, "config",
          "a worker asks for its settings by name, so they are a map; write 'config: { NAME: ... "
          "}'");
    }
  }

  void check_socket(const config::control_spec& control) {
    constexpr auto limit = control::endpoint::path_bytes_max;
    if (!control.socket || control.enabled == false || control.socket->path.size() <= limit) return;
    findings_.push_back(config::make_diagnostic(
        spec_, problem::out_of_range, control.socket->at, "control.socket",
        "the path " + text::printable(control.socket->path) + " is longer than " +
            std::to_string(limit) + " bytes, which is all that a socket may have; shorten it"));
  }

  // Nobody outside the file reaches its channels here: the run would wait for ever.
  void check_external(const config::channel_spec& channel) {
    const auto is_end_of = [&](const std::vector<config::channel_ref>& list) {
      return std::any_of(list.begin(), list.end(),
                         [&](const auto& one) { return one.name == channel.name; });
    };
    bool is_written = false;
    bool is_read = false;
    for (const auto& pool : spec_.pools) {
      if (!pool.enabled) continue;
      // Dead letters need no reader, here as elsewhere.
      if (pool.dead_letter && pool.dead_letter->name == channel.name) return;
      is_written = is_written || is_end_of(pool.outputs);
      is_read = is_read || is_end_of(pool.inputs);
    }
    if (is_written && is_read) return;
    findings_.push_back(config::make_diagnostic(
        spec_, problem::dangling_channel, channel.at, "channels." + channel.name,
        std::string{"no pool "} + (is_written ? "reads" : "writes") +
            " it, and nothing else can in this build: an end that belongs to the program around "
            "the file is planned; name the channel in a pool"));
  }

  const config::troupe_spec& spec_;
  std::vector<config::diagnostic> findings_;
};

} // namespace

std::vector<config::diagnostic> check_runnable(const config::troupe_spec& spec) {
  return checker{spec}.check();
}

} // namespace troupe
