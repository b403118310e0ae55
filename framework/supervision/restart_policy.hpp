// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/base/error.hpp"
#include "troupe/process/child_spec.hpp"
#include "troupe/process/exit_status.hpp"
#include "troupe/process/supervision_port.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace troupe {

/// How a worker that nobody had asked to stop came to its end.
enum class end_kind {
  exited,        ///< By itself; its status says how.
  start_failed,  ///< It never ran.
  start_timeout, ///< It ran, was not ready in time, and was killed for that.
};

std::string_view to_string(end_kind kind) noexcept;

/// What is done about a worker that has ended.
enum class restart_verdict {
  restart,  ///< Started again, after a pause.
  complete, ///< It has done what it was for; the slot stays empty.
  park,     ///< The slot stays empty as failed; the pool goes on.
  give_up,  ///< The restart budget is spent; the pool fails.
};

std::string_view to_string(restart_verdict verdict) noexcept;

/// Returns whether a slot whose very first start failed with `cause` may be tried again. A missing
/// program stays missing; a kernel that was short of something may have it a moment later, and a
/// zygote that died is replaced.
[[nodiscard]] bool may_start_again(const failure& cause) noexcept;

/// Decides what becomes of a slot whose worker has ended. One per pool, so that all its slots
/// share one restart budget.
///
/// The rules are OTP's: `intensity` restarts inside `period` are made, the next one is refused. An
/// exit is looked up in this order: `prevent_exit` (park), `force_exit` (restart, whatever the
/// type), then the restart type with `success_exit`.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none; every end has an answer.
class restart_policy {
public:
  restart_policy(restart_spec spec, std::uint32_t replicas);

  /// Returns the answer to the end of a worker at `now`, and counts it if it is `restart`.
  /// `status` is looked at only if the worker has exited. `now` never goes back. A restart that is
  /// excused spends nothing; `restart_excuse::gets_on` also gives back all that was spent.
  [[nodiscard]] restart_verdict decide(end_kind kind, exit_status status, time_point now,
                                       restart_excuse excuse = restart_excuse::none);

  /// Returns how many restarts are allowed inside the period (or `unlimited_restarts`).
  [[nodiscard]] std::uint32_t intensity() const noexcept { return intensity_; }
  [[nodiscard]] duration period() const noexcept { return spec_.period; }
  /// Returns how many of them are spent, as of the last restart that counted.
  [[nodiscard]] std::size_t spent() const noexcept { return recent_.size(); }

private:
  [[nodiscard]] restart_verdict wanted(end_kind kind, exit_status status) const;
  [[nodiscard]] bool spend_restart(time_point now);

  restart_spec spec_;
  std::uint32_t intensity_;
  std::deque<time_point> recent_; // Restarts inside the period, oldest first; at most intensity_.
};

} // namespace troupe
