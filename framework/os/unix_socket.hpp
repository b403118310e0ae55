// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace troupe::os {

/// One message taken from a `unix_socket`.
struct socket_message {
  std::size_t size_bytes = 0;
  std::vector<fd> descriptors; ///< Fewer than were sent when this process has no room for more.
};

/// One end of a connected local socket that keeps message borders and carries descriptors
/// (SOCK_SEQPACKET). Never blocks.
///
/// Lives in: any process. Threads: one may send while another receives. Blocks: never.
/// Crash: the other end reads what was sent, then `end_of_stream`.
/// Errors: `would_block` (no room, nothing there: poll tells when to try again), `end_of_stream`
/// (peer gone), `bad_data` (message cut because it was larger than the buffer), `too_large`,
/// `system` (no memory, or more descriptors under way than the user may open: nothing tells when to
/// try again).
class unix_socket {
public:
  static constexpr std::size_t descriptors_max = 16; ///< Of one message.

  unix_socket() noexcept = default;
  explicit unix_socket(fd descriptor) noexcept : fd_{std::move(descriptor)} {}

  /// Throws std::system_error when the process is out of descriptors.
  static std::pair<unix_socket, unix_socket> make_pair();

  /// Sends `bytes` as one message with copies of `descriptors`.
  [[nodiscard]] expected<void> send(std::span<const std::byte> bytes,
                                    std::span<const int> descriptors) const;
  /// Takes one message. The descriptors come close-on-exec.
  [[nodiscard]] expected<socket_message> receive(std::span<std::byte> into) const;

  /// Process that made the pair, or 0 when this is no such socket.
  [[nodiscard]] int peer_pid() const noexcept;
  /// Asks for room for `size_bytes` of unread messages; a wish.
  void prefer_send_buffer(std::size_t size_bytes) const noexcept;

  [[nodiscard]] const fd& descriptor() const noexcept { return fd_; }
  /// Gives up ownership.
  [[nodiscard]] int release() noexcept { return fd_.release(); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

private:
  fd fd_;
};

} // namespace troupe::os
