// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/os/fd.hpp"

#include <optional>

namespace troupe::os {

/// A process held by a descriptor: it can never mean another process, even when the pid is reused.
///
/// Lives in: any process. Threads: any. Blocks: only `wait_exited`. Crash: the kernel closes it.
/// Errors: signalling a process that is gone is no error.
class pidfd {
public:
  pidfd() noexcept = default;
  explicit pidfd(fd descriptor) noexcept : fd_{std::move(descriptor)} {}

  /// @pre `pid` is a child that has not been reaped, or this process, or its parent.
  static expected<pidfd> open(int pid);

  /// Sends `signal`; false when it could not be sent (no right to, or no such signal).
  bool signal(int signal) const noexcept;
  /// Sends `signal` to the process group this process leads, also after its own death. False when
  /// the kernel cannot (before Linux 6.9).
  bool signal_group(int signal) const noexcept;

  /// True once all its threads are dead, whether it was reaped or not.
  [[nodiscard]] bool has_exited() const noexcept;
  /// Waits for that; false when the deadline passed.
  bool wait_exited(deadline limit) const noexcept;

  /// Reaps it, if it is our child and dead. Returns the wait status, or nothing when it is not dead
  /// or somebody else took the status (SIGCHLD ignored, a `waitpid(-1)` loop).
  std::optional<int> reap() const noexcept;
  /// The wait status of a process that anybody reaped; needs Linux 6.15.
  [[nodiscard]] std::optional<int> reaped_status() const noexcept;

  [[nodiscard]] const fd& descriptor() const noexcept { return fd_; }
  /// Gives up the descriptor.
  [[nodiscard]] fd release() noexcept { return std::move(fd_); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

private:
  fd fd_;
};

} // namespace troupe::os
