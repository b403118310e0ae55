// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <functional>

namespace troupe {

/// Calls functions later. The runtime implements it over its reactor; tests turn it by hand.
///
/// Timers are never cancelled: whoever sets one tells a stale one by a number of its own.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: keeps nothing outside the host.
/// Errors: `std::system_error` or `std::bad_alloc` when out of resources.
class timer_service {
public:
  virtual ~timer_service() = default;

  /// Calls `callback` once, on some thread, not before `delay` has passed, and not from inside
  /// this call. Pending callbacks may be destroyed uncalled when the service ends.
  virtual void schedule_after(duration delay, std::function<void()> callback) = 0;

  /// Returns the time by which `delay` is measured.
  [[nodiscard]] virtual time_point now() const { return clock::now(); }
};

} // namespace troupe
