// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <cstdint>
#include <optional>

namespace troupe {

/// How many of the restarts of one pool are told one by one: `lines_max` in each `window`, so that
/// workers that crash as fast as they start do not fill the log. The others are counted.
///
/// Lives in: host. Threads: confined to one actor. Blocks: never.
/// Crash: keeps nothing outside the host. Errors: none.
class restart_log_rate {
public:
  static constexpr std::uint32_t lines_max = 10;
  static constexpr duration window = std::chrono::seconds{1};

  struct answer {
    bool is_told = true;
    /// After so long, `take_left_out` has something to tell. Once for all that are left out.
    std::optional<duration> look_after{};
  };
  /// A restart at `now`, which never goes back.
  [[nodiscard]] answer note(time_point now) noexcept;

  /// Returns how many were not told since the last call.
  [[nodiscard]] std::uint64_t take_left_out() noexcept;

private:
  std::optional<time_point> begin_; // Of the window, which is its first line.
  std::uint32_t told_ = 0;          // In this window.
  std::uint64_t left_out_ = 0;
};

} // namespace troupe
