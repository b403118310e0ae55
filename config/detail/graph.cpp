// Part of Troupe; see LICENSE.

#include "troupe/config/detail/graph.hpp"

#include "troupe/config/detail/hints.hpp"

#include <algorithm>

namespace troupe::config::detail {

graph::graph(context& owner, std::vector<channel_draft>& channels, std::vector<pool_draft>& pools)
    : owner_{&owner}, channels_{&channels}, pools_{&pools} {
  for (const auto& one : channels) by_name_.emplace(one.spec.name, &one);
}

const channel_draft* graph::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const channel_draft* graph::find_typed(std::string_view name) const {
  const auto* const found = find(name);
  return found == nullptr || found->spec.type.empty() ? nullptr : found;
}

void graph::error(problem code, location at, std::string path, std::string message) {
  owner_->error(code, at, std::move(path), std::move(message));
}

// ", written by pool 'a' (line 3)": the other half of a disagreement.
std::string graph::other_end(const pool_draft& pool, std::string_view channel,
                             bool is_input) const {
  for (const auto& other : *pools_) {
    if (&other == &pool) continue;
    if (!names(is_input ? other.spec.outputs : other.spec.inputs, channel)) continue;
    return std::string{is_input ? ", written" : ", read"} + " by pool " +
           in_quotes(other.spec.name) + at_line(other.spec.at);
  }
  return {};
}

void graph::mismatch(const pool_draft& pool, const channel_ref& ref, bool is_input,
                     const std::string& what) {
  const auto& channel = find(ref.name)->spec;
  error(problem::type_mismatch, ref.at, pool.from.path_to(is_input ? "input" : "output"),
        "pool " + in_quotes(pool.spec.name) + (is_input ? " reads " : " writes ") + what +
            ", but channel " + in_quotes(ref.name) + at_line(channel.at) + " carries " +
            channel.type + other_end(pool, ref.name, is_input));
}

std::string at_line(location at) {
  return " (line " + std::to_string(at.line) + ")";
}

bool names(const std::vector<channel_ref>& refs, std::string_view channel) {
  return std::any_of(refs.begin(), refs.end(),
                     [&](const channel_ref& one) { return one.name == channel; });
}

bool is_foreign(const pool_spec& pool) {
  return pool.kind == pool_kind::command || pool.kind == pool_kind::shell;
}

void check_graph(context& owner, std::vector<channel_draft>& channels,
                 std::vector<pool_draft>& pools) {
  graph all{owner, channels, pools};
  check_references(all);
  check_own_streams(all);
  check_types(all);
  check_protocols(all);
  check_ends(all);
  decide_deliveries(all);
  check_circles(all);
}

} // namespace troupe::config::detail
