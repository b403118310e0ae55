// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/os/event_fd.hpp"

#include <vector>

namespace troupe::os {

/// A signal that asks the process to end.
struct stop_signal {
  int number = 0;
  bool is_from_terminal = false; ///< A key was pressed; no process has sent it.
  time_point when{};
};

/// While it lives, SIGINT, SIGTERM and SIGHUP are noted instead of ending the process. For the
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
  /// The signals that came since the last call, oldest first; of more than `kept_max` the others
  /// are forgotten.
  [[nodiscard]] std::vector<stop_signal> take();
  static constexpr std::size_t kept_max = 16;
  /// Whether this process ignores a signal, as it may have been started to.
  [[nodiscard]] static bool is_ignored(int number) noexcept;

private:
  event_fd bell_;
  alignas(16) unsigned char saved_[3][160]; // Of struct sigaction, kept out of the header.
};

} // namespace troupe::os
