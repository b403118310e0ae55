// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/stop_signals.hpp"

#include <chrono>
#include <optional>

namespace troupe::cli {

/// What the signals that came mean: the first stops, a second one kills what is left.
///
/// One wish to stop often comes as several signals within milliseconds: `timeout` signals the
/// process and then its group, systemd can send HUP behind TERM, a shell that ends and the terminal
/// under it both send HUP, a wrapper passes on the INT that the terminal gave to all. Nobody has
/// asked twice then. So a signal counts as the second from `echo_time` after the first on; a key
/// that is pressed counts at once.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing. Errors: none.
class stop_requests {
public:
  enum class meaning { nothing, stop, kill };
  static constexpr std::chrono::milliseconds echo_time{200};

  [[nodiscard]] meaning take(const os::stop_signal& one);
  /// From when on a second signal kills, whoever sends it; nothing before the first.
  [[nodiscard]] std::optional<time_point> second_counts_from() const noexcept;
  [[nodiscard]] bool is_kill_asked() const noexcept { return is_kill_asked_; }

private:
  std::optional<time_point> first_;
  bool is_kill_asked_ = false;
};

} // namespace troupe::cli
