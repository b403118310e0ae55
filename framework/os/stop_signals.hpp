// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/event_fd.hpp"

namespace troupe::os {

/// While it lives, SIGINT, SIGTERM and SIGHUP are counted instead of ending the process. For the
/// main of a command, never for a library. Signals that were ignored before (nohup, a background
/// job of a script) stay ignored, except SIGTERM.
///
/// Lives in: host. Threads: one owner; one object at a time. Blocks: never.
/// Crash: nothing outside this process. Errors: throws std::system_error when out of descriptors.
class stop_signals {
public:
  stop_signals();
  /// Puts the former dispositions back.
  ~stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// Becomes readable with each signal; `take` makes it unreadable.
  [[nodiscard]] const event_fd& bell() const noexcept { return bell_; }
  /// How many signals came since the last call.
  [[nodiscard]] int take() noexcept;

private:
  event_fd bell_;
  alignas(16) unsigned char saved_[3][160]; // Of struct sigaction, kept out of the header.
};

} // namespace troupe::os
