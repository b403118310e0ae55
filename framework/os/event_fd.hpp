// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

namespace troupe::os {

/// A kernel counter that can be polled: the bell between a worker and the dispatcher.
///
/// Lives in: any process. Threads: any may ring. Blocks: never (non-blocking descriptor).
/// Crash: keeps its value; the other side still hears what was rung. Errors: ringing does not fail.
class event_fd {
public:
  /// Throws std::system_error when the process is out of descriptors.
  static event_fd create();
  explicit event_fd(fd descriptor) noexcept : fd_{std::move(descriptor)} {}

  /// Makes the descriptor readable. Async-signal-safe.
  void ring() const noexcept;
  /// Makes it unreadable again; false if it had not been rung.
  bool clear() const noexcept;

  [[nodiscard]] const fd& descriptor() const noexcept { return fd_; }

private:
  fd fd_;
};

} // namespace troupe::os
