// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace troupe::cli {

struct console_options {
  bool is_terminal = false; ///< Has a progress line, and what workers write is made harmless.
  bool has_colour = false;
};

/// Everything that goes to stderr while a troupe runs: lines of workers, lines of our own, and the
/// progress line, which stays the last one.
///
/// Lives in: host, thread "troupe-console". Threads: any. Blocks: `finish` and the destructor,
/// until all is written, and `show_output` while more than `waiting_bytes_max` wait; all of them
/// only as long as stderr takes something within `stall_limit`. What finds no room is dropped and
/// counted: a terminal that is stopped (Ctrl-S) never stops the troupe, nor its end. Crash: nothing
/// outside the host. Errors: what cannot be written is lost; there is no other place.
class console {
public:
  static constexpr std::size_t waiting_bytes_max = std::size_t{4} << 20;
  static constexpr duration stall_limit = std::chrono::seconds{5};

  explicit console(console_options options);
  ~console();
  console(const console&) = delete;
  console& operator=(const console&) = delete;

  /// A line of ours: "troupe: `text`".
  void say(std::string_view text);
  /// A line that worker `name` wrote: "`name` | `text`". Not for the thread that has to listen.
  void show_output(std::string_view name, std::string_view text);
  /// Replaces the progress line; empty: none. Terminal only.
  void show_progress(std::string line);
  /// Takes the progress line away and waits until all is written, or nobody reads it.
  void finish();

private:
  enum class when_full { drop, wait };
  void add(std::string line, when_full what);
  void wait_while_read(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_done);
  void run();
  void write(std::unique_lock<std::mutex>& lock, std::string_view block);
  [[nodiscard]] bool has_room_for(const std::string& line) const;
  [[nodiscard]] bool has_stalled() const;
  std::string next_block();

  const console_options options_;
  std::mutex mutex_; // Protects what follows.
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::string progress_;
  std::string shown_progress_; // As it stands on the terminal.
  bool is_writing_ = false;
  time_point last_progress_{}; // Of what is being written.
  bool is_stopping_ = false;
  std::thread thread_;
};

/// Returns `text` with control characters as escapes, except tabs and colours (which are ended).
[[nodiscard]] std::string harmless(std::string_view text);

} // namespace troupe::cli
