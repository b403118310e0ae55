// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/process/output_sinks.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

namespace troupe {

namespace detail {
class output_queue;
}

/// The bounds of an `output_writer`. Bytes are counted for each way out: stdout, stderr, sinks.
struct output_limits {
  std::size_t pause_bytes = std::size_t{4} << 20;       ///< More: reading of workers pauses.
  std::size_t waiting_bytes_max = std::size_t{8} << 20; ///< What comes beyond is dropped.
  duration stall = std::chrono::seconds{5};  ///< A reader that takes nothing for so long is none.
  duration flush = std::chrono::seconds{60}; ///< The longest wait at the end, for a slow reader.
  duration tell = std::chrono::seconds{5};   ///< How often what was dropped is told, at most.
};

/// Writes what workers print and what we log to stdout and stderr, or gives it to the user's sinks:
/// the one thread ("troupe-output") that may have to wait for a reader, so that nobody else has to.
///
/// Lines of one worker's stream stay in order, and so do all lines that go to sinks. Lines are
/// dropped only when the queue is full and the reader has taken nothing for `stall`, when it is
/// full to the brim (what dead workers left), and when writing fails. They are counted, and told
/// where lines of ours go: "N lines dropped: nobody reads stdout".
///
/// Lives in: host. Threads: any. Blocks: `flush` and the destructor, while the reader takes
/// something, but never beyond `flush`. Crash: what waits is lost. Errors: a sink that throws is
/// told once; the constructor throws std::system_error.
class output_writer {
public:
  /// `on_room` is called when there is room after a `take_output` that returned false, on any
  /// thread, under a lock: it must neither wait nor call the writer. `sinks` must live for ever.
  output_writer(output_sinks& sinks, output_limits limits, std::function<void()> on_room);
  ~output_writer();
  output_writer(const output_writer&) = delete;
  output_writer& operator=(const output_writer&) = delete;

  /// Takes one line that `name` wrote. False: the queue is nearly full, and what is read now should
  /// wait for `on_room`.
  bool take_output(std::string_view name, output_stream stream, std::string_view line);
  /// Takes one line of our own.
  void log(std::string_view line);

  /// Whether `on_room` is still to come. Asked after `stall`, it says false when there is nobody to
  /// wait for; then `on_room` does not come.
  [[nodiscard]] bool is_paused();

  /// Waits until everything taken so far is written or given to its sink. False: not within
  /// `limit`, nobody reads, or called in a sink, which would wait for itself.
  bool flush(deadline limit);

  /// The same for every writer of this process, each within its own bounds. Also done at exit.
  static bool flush_all();
  /// `log` of a writer of this process; without one, stderr gets as much as fits.
  static void log_for_process(std::string_view line) noexcept;

private:
  static void run(const std::shared_ptr<detail::output_queue>& queue);

  std::shared_ptr<detail::output_queue> queue_; // Also the thread's: a sink that hangs outlives us.
  std::thread thread_;
};

} // namespace troupe
