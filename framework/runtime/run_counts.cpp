// Part of Troupe; see LICENSE.

#include "troupe/runtime/run_counts.hpp"

#include <algorithm>

namespace troupe {

std::uint64_t count_lost_messages(const config::troupe_spec& spec,
                                  const control::troupe_view& view) {
  const auto is_read = [&](const std::string& channel) {
    return std::any_of(spec.pools.begin(), spec.pools.end(), [&](const config::pool_spec& pool) {
      return pool.enabled && std::any_of(pool.inputs.begin(), pool.inputs.end(),
                                         [&](const auto& input) { return input.name == channel; });
    });
  };
  std::uint64_t lost = 0;
  for (const auto& pool : spec.pools) {
    const auto found =
        std::find_if(view.pools.begin(), view.pools.end(),
                     [&](const control::pool_view& one) { return one.name == pool.name; });
    if (found == view.pools.end()) continue;
    const bool is_kept = pool.dead_letter && is_read(pool.dead_letter->name);
    lost += is_kept ? found->messages.dropped : found->messages.dead_letters;
  }
  return lost + count_messages_lost_inside(view);
}

std::uint64_t count_messages_lost_inside(const control::troupe_view& view) {
  std::uint64_t lost = 0;
  for (const auto& pool : view.pools) lost += pool.messages.lost;
  return lost;
}

std::uint64_t count_surplus_lines(const control::troupe_view& view) {
  std::uint64_t surplus = 0;
  for (const auto& pool : view.pools) surplus += pool.messages.surplus_lines;
  return surplus;
}

std::uint64_t count_finished_messages(const config::troupe_spec& spec,
                                      const control::troupe_view& view) {
  const auto names = [](const std::vector<config::channel_ref>& list, const std::string& channel) {
    return std::any_of(list.begin(), list.end(),
                       [&](const config::channel_ref& one) { return one.name == channel; });
  };
  const auto any_pool = [&](auto&& is_so) {
    return std::any_of(spec.pools.begin(), spec.pools.end(),
                       [&](const config::pool_spec& pool) { return pool.enabled && is_so(pool); });
  };
  const auto is_read = [&](const config::channel_ref& channel) {
    return any_pool([&](const auto& pool) { return names(pool.inputs, channel.name); });
  };
  // What a pool of dead letters has done is no result.
  const auto has_results = [&](const config::channel_ref& channel) {
    const auto* const found = config::find_channel(spec, channel.name);
    return (found != nullptr && found->external) ||
           any_pool([&](const auto& pool) { return names(pool.outputs, channel.name); });
  };
  std::uint64_t finished = 0;
  for (const auto& pool : view.pools) {
    const auto* const from = config::find_pool(spec, pool.name);
    if (from == nullptr || pool.role == "service") continue;
    if (std::any_of(from->outputs.begin(), from->outputs.end(), is_read)) continue;
    if (!from->outputs.empty()) {
      finished += pool.messages.out;
    } else if (std::any_of(from->inputs.begin(), from->inputs.end(), has_results)) {
      finished += pool.messages.done;
    }
  }
  return finished;
}

} // namespace troupe
