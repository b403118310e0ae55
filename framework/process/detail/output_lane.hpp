// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::detail {

/// How much may wait for a reader, and how long it may take nothing.
struct lane_limits {
  std::size_t pause_bytes;       ///< From here on, those who write should pause.
  std::size_t waiting_bytes_max; ///< What comes beyond is dropped.
  duration stall;                ///< A reader that has taken nothing for so long is not there.
};

/// One way out for lines: what waits, what is on its way, and what was dropped. Pure: no clock, no
/// descriptor, no lock.
///
/// Lives in: host. Threads: one owner, or under its lock. Blocks: never. Crash: nothing shared.
/// Errors: none; what finds no room is counted.
class output_lane {
public:
  enum class answer { taken, pause, dropped };

  explicit output_lane(lane_limits limits) : limits_{limits} {}

  /// Takes a record of one line, or counts it as dropped. `pause`: taken, but nearly full.
  answer add(std::string_view record, time_point now);
  /// Everything that waits, now on its way.
  [[nodiscard]] std::string take();
  /// `bytes` of what was taken have arrived.
  void note_arrived(std::size_t bytes, time_point now);
  /// What was taken and has not arrived never will: `lines` of it.
  void note_lost(std::uint64_t lines, time_point now);

  [[nodiscard]] bool is_empty() const noexcept { return bytes() == 0; }
  [[nodiscard]] bool is_waiting() const noexcept { return !waiting_.empty(); }
  /// When its reader counts as gone, should it take nothing until then.
  [[nodiscard]] time_point stalls_at() const noexcept;
  [[nodiscard]] bool is_stalled(time_point now) const noexcept { return now >= stalls_at(); }
  /// True: there is room again, or nobody to wait for.
  [[nodiscard]] bool lets_go_on(time_point now) const noexcept {
    return bytes() <= limits_.pause_bytes / 2 || is_stalled(now);
  }

  /// Counts of all bytes: ever added, and of those how many are gone, arrived or not.
  [[nodiscard]] std::uint64_t added() const noexcept { return added_; }
  [[nodiscard]] std::uint64_t gone() const noexcept { return added_ - bytes(); }

  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] std::uint64_t take_dropped() noexcept { return std::exchange(dropped_, 0); }
  void add_dropped(std::uint64_t lines) noexcept { dropped_ += lines; }

private:
  [[nodiscard]] std::size_t bytes() const noexcept { return waiting_.size() + moving_bytes_; }

  const lane_limits limits_;
  std::string waiting_;
  std::size_t moving_bytes_ = 0;
  std::uint64_t added_ = 0;
  std::uint64_t dropped_ = 0;  // Lines nobody was told of yet.
  time_point last_progress_{}; // Or since when it is not empty.
};

} // namespace troupe::detail
