// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <optional>
#include <vector>

namespace troupe {

/// The one timer of a slot, over a service whose wake-ups can be neither cancelled nor moved. A
/// wake-up that is on its way already serves later instants too, so that a slot that crashes all
/// the time does not pile them up: those on the way were asked for ever earlier instants.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class slot_timer {
public:
  /// Goes off at `due` instead of whenever it was to go off before. Returns whether a wake-up is to
  /// be scheduled for `due`.
  [[nodiscard]] bool set(time_point due);

  void clear() noexcept { due_.reset(); }

  /// What a wake-up means.
  struct answer {
    bool is_due = false;
    std::optional<time_point> wake_again; ///< When a further wake-up is to be scheduled for.

    friend bool operator==(const answer&, const answer&) = default;
  };

  /// The wake-up scheduled for `scheduled` has come, at `now`. If the timer is due it is cleared.
  [[nodiscard]] answer on_wake(time_point scheduled, time_point now);

private:
  [[nodiscard]] bool needs_wake() const noexcept;

  std::optional<time_point> due_;
  std::vector<time_point> on_the_way_; // Each earlier than the one before it.
};

} // namespace troupe
