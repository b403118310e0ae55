// Part of Troupe; see LICENSE.

// Pools that feed each other in a circle: bounded channels would fill up and stop, and such a
// pipeline would never end.

#include "troupe/config/detail/graph.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

namespace troupe::config::detail {

namespace {

struct edge {
  std::size_t to;      // Index of a pool.
  std::string channel; // That leads there.
};

class circle_search {
public:
  explicit circle_search(graph& all)
      : all_{all}, edges_(all.pools().size()), states_(all.pools().size()) {
    std::map<std::string, std::vector<std::size_t>> readers;
    for (std::size_t i = 0; i < all.pools().size(); ++i) {
      for (const auto& one : all.pools()[i].spec.inputs) readers[one.name].push_back(i);
    }
    for (std::size_t i = 0; i < all.pools().size(); ++i) {
      const auto& spec = all.pools()[i].spec;
      const auto add = [&](const std::string& channel, bool is_dead_letter) {
        for (const auto to : readers[channel]) {
          // A pool that gets its own dead letters is told elsewhere.
          if (!is_dead_letter || to != i) edges_[i].push_back({to, channel});
        }
      };
      for (const auto& one : spec.outputs) add(one.name, false);
      if (spec.dead_letter) add(spec.dead_letter->name, true);
    }
  }

  void run() {
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == state::unseen) visit(i);
    }
  }

private:
  enum class state : std::uint8_t { unseen, open, done };

  // Depth first; a pool met again while it is open closes a circle. As deep as there are pools.
  void visit(std::size_t index) {
    states_[index] = state::open;
    for (const auto& one : edges_[index]) {
      path_.push_back({index, one.channel});
      if (states_[one.to] == state::open) report(one.to);
      if (states_[one.to] == state::unseen) visit(one.to);
      path_.pop_back();
    }
    states_[index] = state::done;
  }

  void report(std::size_t first) {
    const auto& pools = all_.pools();
    std::string message = "pools feed each other in a circle: ";
    auto at =
        std::find_if(path_.begin(), path_.end(), [&](const edge& one) { return one.to == first; });
    for (; at != path_.end(); ++at) {
      const auto& pool = pools[at->to].spec;
      message += pool.name + at_line(pool.at) + " -> " + at->channel + " -> ";
    }
    const auto& pool = pools[first];
    all_.error(problem::cycle, pool.spec.at, pool.from.path(), message + pool.spec.name);
  }

  graph& all_;
  std::vector<std::vector<edge>> edges_;
  std::vector<state> states_;
  std::vector<edge> path_; // Each pool that is open, with the channel by which it was left.
};

} // namespace

void check_circles(graph& all) {
  circle_search{all}.run();
}

} // namespace troupe::config::detail
