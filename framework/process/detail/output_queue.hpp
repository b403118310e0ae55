// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/process/detail/output_lane.hpp"
#include "troupe/process/output_writer.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::detail {

/// The ways out, in the order in which they are tried.
enum class output_way { out, err, sinks };
inline constexpr std::size_t output_ways = 3;

/// One line as it waits for a sink.
struct sink_record {
  enum class kind : std::uint32_t { out, err, log };
  kind what;
  std::string_view name; ///< Empty for `log`.
  std::string_view line;
  std::size_t size_bytes; ///< Of the whole record.

  static std::string encode(kind what, std::string_view name, std::string_view line);
  /// The first of `bytes`, which are what `encode` made.
  static sink_record decode(std::string_view bytes);
  /// As it looks on stdout or stderr.
  [[nodiscard]] std::string text() const;
};

/// What the threads of an `output_writer` share: the three lanes and how far the end has come.
///
/// Lives in: host. Threads: any; `refill` and the notes are the writer's own. Blocks: `flush`,
/// `end`. Crash: nothing outside the host. Errors: none.
class output_queue {
public:
  /// What the writer has taken and not yet delivered.
  struct block {
    std::string bytes;
    std::size_t done = 0;
    [[nodiscard]] std::string_view rest() const noexcept {
      return std::string_view{bytes}.substr(done);
    }
  };
  using blocks = std::array<block, output_ways>;

  output_queue(output_sinks& sinks, output_limits limits, std::function<void()> on_room);

  /// False: nearly full. Only `output` asks for a pause.
  bool add(output_way way, std::string_view record, bool is_output);
  [[nodiscard]] bool is_paused();
  [[nodiscard]] bool flush(deadline limit);
  /// Waits until the writer has ended; false: it cannot be waited for. No `on_room` after this.
  [[nodiscard]] bool end();
  /// As `end`, for a sink that ends its own writer: the writer goes on and nobody waits.
  void end_without_waiting();

  /// Gives what waits to each block that has nothing left. False: the end.
  [[nodiscard]] bool refill(blocks& into);
  /// Until when the writer may sleep although lines were dropped that nobody was told of.
  [[nodiscard]] time_point next_tell();
  void note_arrived(output_way way, std::size_t bytes);
  void note_lost(output_way way, std::string_view rest, std::string why);
  /// A line of our own.
  void log(output_way way, std::string_view line);
  /// Where those go: to a sink, or to stderr.
  [[nodiscard]] output_way way_of_log() const;
  void note_ended();
  /// What the last words are about: all lines dropped that nobody was told of. Empty: none.
  [[nodiscard]] std::string last_words(const blocks& rest);

  [[nodiscard]] output_sinks& sinks() const noexcept { return sinks_; }
  [[nodiscard]] bool is_forked_copy() const noexcept { return guard_.is_forked_copy(); }
  [[nodiscard]] const os::fork_guard& guard() const noexcept { return guard_; }
  [[nodiscard]] const os::event_fd& bell() const noexcept { return bell_; }
  [[nodiscard]] duration flush_limit() const noexcept { return limits_.flush; }

private:
  output_lane& lane(output_way way) { return lanes_[static_cast<std::size_t>(way)]; }
  void wake();
  void let_go_on(time_point now);
  void tell_dropped(time_point now);
  [[nodiscard]] bool is_time_to_tell(output_way way, output_way to, time_point now);
  [[nodiscard]] std::string dropped_line(output_way way, std::uint64_t count) const;
  [[nodiscard]] bool is_all_empty() const;
  [[nodiscard]] time_point all_stalled_at() const;

  output_sinks& sinks_;
  const output_limits limits_;
  const os::event_fd bell_ = os::event_fd::create();
  const os::fork_guard guard_;

  std::mutex mutex_; // Protects what follows.
  std::condition_variable changed_;
  std::function<void()> on_room_;
  std::array<output_lane, output_ways> lanes_;
  std::array<std::string, output_ways> problems_; // Why writing failed last; empty: it did not.
  std::array<time_point, output_ways> told_at_{};
  bool is_paused_ = false;
  bool is_polling_ = false; // The writer sleeps, or is about to.
  bool is_ending_ = false;
  bool is_abandoned_ = false; // Nobody waits for what is left.
  bool has_ended_ = false;
};

} // namespace troupe::detail
