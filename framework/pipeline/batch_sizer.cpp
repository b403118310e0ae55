// Part of Troupe; see LICENSE.

#include "troupe/pipeline/batch_sizer.hpp"

#include <algorithm>

namespace troupe::pipeline {
namespace {

// A batch grows by this factor at most: one lucky time proves little.
constexpr std::size_t growth_max = 8;
// No job says anything about messages below this cost.
constexpr double cost_us_min = 0.01;
constexpr double cost_us_max = 1e9;

} // namespace

void batch_sizer::record(std::size_t messages, std::chrono::microseconds elapsed) noexcept {
  if (messages == 0) return;
  const auto total = static_cast<double>(std::max<std::int64_t>(elapsed.count(), 0));
  const auto sample = std::clamp(total / static_cast<double>(messages), cost_us_min, cost_us_max);
  // Rises fast and falls slowly: handing out too much is worse than too little.
  const double weight = sample > cost_us_ ? 0.5 : 0.25;
  cost_us_ = cost_us_ == 0 ? sample : cost_us_ + (sample - cost_us_) * weight;
  const auto wanted = static_cast<std::size_t>(std::max(job_target_us / cost_us_, 1.0));
  count_ = std::min({wanted, count_ * growth_max, batch_messages_max});
}

std::size_t batch_sizer::share(std::size_t credit, std::size_t available,
                               std::size_t slots) const noexcept {
  if (cost_us_ < shared_cost_us_min || slots < 2) return credit;
  return std::clamp<std::size_t>((available + slots - 1) / slots, 1,
                                 std::max<std::size_t>(credit, 1));
}

} // namespace troupe::pipeline
