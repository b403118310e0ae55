// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/ids.hpp"
#include "troupe/process/supervision_port.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe {

/// How far the life of a pool has come, and which of its slots are empty for good.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none; what comes too late is answered `false`.
class pool_lifecycle {
public:
  explicit pool_lifecycle(std::uint32_t replicas) : is_empty_(replicas, false), left_{replicas} {}

  /// Returns whether the slots are to be started now: only the first time, and not after a stop.
  [[nodiscard]] bool start() noexcept;

  /// Returns whether a stop of `mode` changes anything: the first one does, then harder ones.
  [[nodiscard]] bool stop(stop_mode mode) noexcept;

  /// Returns whether the pool gives up now; it does so once, and not when it is being stopped.
  [[nodiscard]] bool give_up() noexcept;

  /// Notes that `slot` has no worker and gets none any more.
  void note_empty(slot_id slot) noexcept;

  /// Returns true once: when the pool was to stop and every slot is empty.
  [[nodiscard]] bool end() noexcept;

  /// Ends at once, workers or not, because the supervisor itself has failed; returns false if it
  /// had ended before.
  [[nodiscard]] bool fail() noexcept;

  [[nodiscard]] bool is_running() const noexcept { return phase_ == phase::running; }
  [[nodiscard]] bool is_over() const noexcept { return phase_ == phase::over; }
  [[nodiscard]] bool has_given_up() const noexcept { return has_given_up_; }

private:
  enum class phase { idle, running, stopping, over };

  phase phase_ = phase::idle;
  bool has_given_up_ = false;
  std::optional<stop_mode> mode_;
  std::vector<bool> is_empty_;
  std::uint32_t left_; // Slots not empty yet.
};

} // namespace troupe
