// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/process/child_spec.hpp"
#include "troupe/process/supervision_port.hpp"

#include <optional>
#include <string_view>

namespace troupe {

/// What is to be done to a worker that is being stopped.
enum class stop_action {
  nothing,      ///< Everything stays as it is, the timer too.
  drain,        ///< Give it no more work.
  limit_drain,  ///< It is draining already, but from now on the wait has a limit.
  signal_first, ///< Send `stop.signal` to `stop.scope`, then CONT.
  signal_final, ///< Send `stop.final_signal` to the process group.
};

std::string_view to_string(stop_action action) noexcept;

/// An action and the time after which `stop_ladder::on_timeout` is due; absent: never. The timer
/// is set anew by every action but `nothing`.
struct stop_step {
  stop_action action = stop_action::nothing;
  std::optional<duration> wait;

  friend bool operator==(const stop_step&, const stop_step&) = default;
};

/// Says how one worker is stopped, step by step: drain, signal, wait, final signal. It ends only
/// with the worker's exit, which the caller waits for; a worker in uninterruptible sleep is waited
/// for however long that takes.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class stop_ladder {
public:
  explicit stop_ladder(stop_spec spec) noexcept : spec_{spec} {}

  /// Begins at the rung of `mode`. Begun ladders start over: one object serves all incarnations.
  [[nodiscard]] stop_step begin(stop_mode mode) noexcept;

  /// Begins the replacement of a healthy worker: it finishes the work in hand, however long that
  /// takes, before it gets a signal. A worker hanging in its work is its time limit's business.
  [[nodiscard]] stop_step begin_recycling() noexcept;

  /// Goes on at the rung of `mode` if that is further up than the present one.
  [[nodiscard]] stop_step harden(stop_mode mode) noexcept;

  /// The worker holds no more work.
  [[nodiscard]] stop_step on_drained() noexcept;

  /// The wait of the last step is over.
  [[nodiscard]] stop_step on_timeout() noexcept;

private:
  enum class rung { draining, draining_unlimited, signalled, killed };

  [[nodiscard]] stop_step signal_first() noexcept;
  [[nodiscard]] stop_step signal_final() noexcept;

  stop_spec spec_;
  rung rung_ = rung::draining;
};

} // namespace troupe
