// Part of Troupe; see LICENSE.

#include "troupe/os/wait_time.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdint>
#include <thread>

namespace troupe::os {

namespace {

constexpr auto failed_wait_pause = std::chrono::milliseconds{10};

} // namespace

int milliseconds_until(deadline limit) noexcept {
  if (limit.is_never()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit.remaining(clock::now()));
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

void pause_after_failed_wait() noexcept {
  std::this_thread::sleep_for(failed_wait_pause);
}

} // namespace troupe::os
