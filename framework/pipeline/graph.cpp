// Part of Troupe; see LICENSE.

#include "troupe/pipeline/graph.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace troupe::pipeline {
namespace {

failure wrong(std::string message) {
  return {errc::bad_argument, std::move(message)};
}

bool has(const std::vector<std::size_t>& list, std::size_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Whether a message can go from one stage straight into the other.
bool feeds(const graph::node& from, const graph::node& to) {
  for (const auto channel : to.inputs) {
    if (has(from.outputs, channel) || from.dead_letter == channel) return true;
  }
  return false;
}

expected<void> check_role(const stage_spec& stage) {
  const auto role = stage.role;
  const bool needs_input = role && *role != worker_role::source;
  const bool needs_output = role == worker_role::source;
  if (role == worker_role::source && !stage.inputs.empty()) {
    return wrong("pool '" + stage.name + "': worker '" + stage.worker.name +
                 "' is a source; remove its input");
  }
  if (role == worker_role::sink && !stage.outputs.empty()) {
    return wrong("pool '" + stage.name + "': worker '" + stage.worker.name +
                 "' is a sink; remove its output");
  }
  if (needs_input && stage.inputs.empty()) {
    return wrong("pool '" + stage.name + "': a " + std::string{to_string(*role)} +
                 " needs an input channel; give it 'input:'");
  }
  if (needs_output && stage.outputs.empty()) {
    return wrong("pool '" + stage.name + "': a source needs an output channel; give it 'output:'");
  }
  return {};
}

} // namespace

duration retry_limits::pause_after(std::uint32_t attempts, std::uint64_t salt) const noexcept {
  const auto longest = static_cast<double>(backoff_max.count());
  auto pause = static_cast<double>(backoff_initial.count());
  for (std::uint32_t i = 1; i < attempts && pause < longest && factor > 1; ++i) pause *= factor;
  // The salt becomes a number of 0 .. 1 that looks random.
  const auto mixed = (salt + attempts) * 0x9e3779b97f4a7c15U;
  const auto share =
      static_cast<double>(mixed >> 11U) / static_cast<double>(std::uint64_t{1} << 53U);
  const auto spread = 1 + std::clamp(jitter, 0.0, 1.0) * (2 * share - 1);
  return duration{static_cast<duration::rep>(std::min(pause, longest) * spread)};
}

expected<graph> graph::make(graph_spec spec) {
  graph made;
  made.spec_ = std::move(spec);
  if (auto done = made.resolve_names(); !done) return done.error();
  if (auto done = made.check_stages(); !done) return done.error();
  if (auto done = made.check_channels(); !done) return done.error();
  if (auto done = made.sort_by_dataflow(); !done) return done.error();
  return made;
}

std::size_t graph::producers_of(std::size_t channel) const {
  const auto produces = [&](const node& n) {
    return has(n.outputs, channel) || n.dead_letter == channel;
  };
  return static_cast<std::size_t>(std::count_if(nodes_.begin(), nodes_.end(), produces));
}

std::size_t graph::consumers_of(std::size_t channel) const {
  const auto consumes = [&](const node& n) { return has(n.inputs, channel); };
  return static_cast<std::size_t>(std::count_if(nodes_.begin(), nodes_.end(), consumes));
}

expected<void> graph::resolve_names() {
  std::map<std::string, std::size_t> index;
  for (const auto& channel : spec_.channels) {
    if (!index.emplace(channel.name, index.size()).second) {
      return wrong("channel '" + channel.name + "' is declared twice; rename one");
    }
  }
  std::set<std::string> stage_names;
  for (const auto& stage : spec_.stages) {
    if (!stage_names.insert(stage.name).second) {
      return wrong("pool '" + stage.name + "' is declared twice; rename one");
    }
    node resolved;
    const auto resolve = [&](const std::string& name, std::vector<std::size_t>& into) {
      const auto found = index.find(name);
      if (found == index.end() || has(into, found->second)) return false;
      into.push_back(found->second);
      return true;
    };
    std::vector<std::size_t> dead;
    const auto bad = [&](const std::string& name) {
      return wrong("pool '" + stage.name + "' names channel '" + name +
                   "', which is not declared or named twice; declare it under 'channels:'");
    };
    for (const auto& name : stage.inputs)
      if (!resolve(name, resolved.inputs)) return bad(name);
    for (const auto& name : stage.outputs)
      if (!resolve(name, resolved.outputs)) return bad(name);
    if (!stage.dead_letter.empty()) {
      if (!resolve(stage.dead_letter, dead)) return bad(stage.dead_letter);
      resolved.dead_letter = dead.front();
    }
    nodes_.push_back(std::move(resolved));
  }
  return {};
}

expected<void> graph::check_stages() const {
  if (spec_.stages.empty()) return wrong("a pipeline needs at least one pool; add it to 'pools:'");
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& stage = spec_.stages[i];
    if (auto done = check_role(stage); !done) return done.error();
    if (stage.inputs.empty() && stage.outputs.empty()) {
      return wrong("pool '" + stage.name + "' has neither input nor output; it is not a stage");
    }
    if (stage.inputs.empty() && stage.replicas > 1) {
      return wrong("pool '" + stage.name +
                   "' is a source, which has one cursor; set 'replicas: 1'");
    }
    if (stage.replicas == 0)
      return wrong("pool '" + stage.name + "' has no replicas; set at least 1");
    if (stage.retry.max_attempts == 0) {
      return wrong("pool '" + stage.name + "': retry.max_attempts is 0; set at least 1");
    }
    if (nodes_[i].dead_letter && has(nodes_[i].inputs, *nodes_[i].dead_letter)) {
      return wrong("pool '" + stage.name +
                   "': its dead letters would come back as its own input; "
                   "name another channel");
    }
  }
  return {};
}

expected<void> graph::check_channels() const {
  for (std::size_t i = 0; i < spec_.channels.size(); ++i) {
    const auto& channel = spec_.channels[i];
    if (channel.capacity == 0)
      return wrong("channel '" + channel.name + "': capacity must be at least 1");
    if (channel.is_external) continue;
    if (producers_of(i) == 0) {
      return wrong("channel '" + channel.name +
                   "' has no producer; name it as some pool's output "
                   "or set 'external: true'");
    }
    const bool is_dead_letter = std::any_of(nodes_.begin(), nodes_.end(),
                                            [&](const node& n) { return n.dead_letter == i; });
    if (consumers_of(i) == 0 && !is_dead_letter) {
      return wrong("channel '" + channel.name +
                   "' has no consumer; name it as some pool's input "
                   "or set 'external: true'");
    }
  }
  return {};
}

// Kahn's algorithm; what is left over lies on a cycle.
expected<void> graph::sort_by_dataflow() {
  std::vector<bool> is_placed(nodes_.size(), false);
  while (dataflow_.size() < nodes_.size()) {
    const auto before = dataflow_.size();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (is_placed[i]) continue;
      bool is_free = true;
      for (std::size_t j = 0; j < nodes_.size(); ++j) {
        if (!is_placed[j] && feeds(nodes_[j], nodes_[i])) is_free = false;
      }
      if (!is_free) continue;
      is_placed[i] = true;
      dataflow_.push_back(i);
    }
    if (dataflow_.size() != before) continue;
    std::string names;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!is_placed[i]) names += (names.empty() ? "" : ", ") + spec_.stages[i].name;
    }
    return wrong("the pools " + names +
                 " feed each other in a circle, so the pipeline would never "
                 "end; break it");
  }
  return {};
}

} // namespace troupe::pipeline
