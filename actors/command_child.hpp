// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/pipe.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/process/exit_status.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// A command that runs as a child of a worker and speaks lines on stdin and stdout; its stderr is
/// the worker's. It is of the worker's group: killed when the worker dies, but asked to end, and
/// given time, when the worker is stopped.
///
/// `${TROUPE_REPLICA}` and its like in the words of the command are replaced from the environment.
/// Both directions move at once, so neither side waits for the other with full pipes.
///
/// Lives in: worker, with one thread. Threads: that one. Blocks: `exchange`, `end`.
/// Crash: the zygote kills the command with the worker.
/// Errors: stage_failed when it cannot be started; its death is seen as the end of its output.
class command_child {
public:
  explicit command_child(const std::vector<std::string>& argv);
  ~command_child();
  command_child(const command_child&) = delete;
  command_child& operator=(const command_child&) = delete;

  /// Puts a line, without its line feed, behind what is still to be sent. Returns what
  /// `sent_bytes` is once it is sent.
  std::uint64_t send(std::string_view line);
  /// Bytes that the command's pipe has taken.
  [[nodiscard]] std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }
  [[nodiscard]] bool has_sent_all() const noexcept { return sent_ == outgoing_.size(); }

  /// Sends and receives what is possible; waits until `limit` for something to be possible.
  void exchange(deadline limit);

  /// The oldest line that was received; at the end of the output, what is left without line feed.
  /// Valid until the next call.
  [[nodiscard]] std::optional<std::string_view> next_line();
  /// Whether the line that `next_line` gave last was ended by nothing but the end of the output.
  [[nodiscard]] bool is_line_open() const noexcept { return is_line_open_; }

  /// Reads its output as it is, instead of lines: 0 at the end, nothing when nothing came until
  /// `limit`. Not together with `next_line`.
  [[nodiscard]] std::optional<std::size_t> read(std::span<std::byte> into, deadline limit);

  /// The command reads no more, or has closed its output.
  [[nodiscard]] bool is_deaf() const noexcept { return !in_; }
  [[nodiscard]] bool is_silent() const noexcept { return !out_; }

  /// Lets the command see the end of its input, once all is sent.
  void close_input();
  /// Whether it has ended by itself, or does so until `limit`.
  [[nodiscard]] bool has_ended(deadline limit) const { return process_.wait_exited(limit); }
  /// Waits for its end; kills it if it lives on though its output is closed.
  exit_status end();
  /// After `end`: lines that it was sent and has not read.
  [[nodiscard]] std::uint64_t unread_lines() const noexcept { return unread_lines_; }
  /// After `end`: bytes that its pipe took and it has not read.
  [[nodiscard]] std::uint64_t unread_bytes() const noexcept { return unread_bytes_; }
  [[nodiscard]] int pid() const noexcept { return pid_; }

private:
  void start(const std::vector<std::string>& argv);
  void send_some();
  void receive_some();
  void count_unread();

  os::fd in_;
  os::fd out_;
  os::fd leftover_; // The other end of in_, once that is closed.
  os::pidfd process_;
  int pid_ = 0;
  os::poll_set waiting_;
  std::string outgoing_;
  std::size_t sent_ = 0; // Of outgoing_.
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t unread_lines_ = 0;
  std::uint64_t unread_bytes_ = 0;
  std::string incoming_;
  std::size_t read_ = 0;
  std::size_t searched_ = 0; // Behind read_, without a line feed.
  bool is_line_open_ = false;
};

} // namespace troupe::actors
