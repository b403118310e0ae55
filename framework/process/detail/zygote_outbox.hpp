// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/growing_pause.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/unix_socket.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace troupe::detail {

/// What the zygote tells its host, in order; kept while the host does not read.
///
/// Lives in: zygote. Threads: one owner. Blocks: never. Crash: what was not sent is lost.
/// Errors: while the kernel lacks memory it is tried again, but not for ever; what nobody hears is
/// dropped.
class zygote_outbox {
public:
  static constexpr std::size_t messages_max = 4096; ///< Then no request is read.
  /// Of the kernel, in a row, about ten seconds; then it is as if the host were gone.
  static constexpr int refusals_max = 100;

  explicit zygote_outbox(const os::unix_socket& host) : host_{host} {}

  /// `passed` is kept until the message is on its way.
  void send(std::vector<std::byte> bytes, std::shared_ptr<const os::pidfd> passed = {});
  /// Sends what can be sent.
  void flush();
  /// Drops everything, now and later: the host is gone.
  void close();

  [[nodiscard]] bool is_empty() const noexcept { return messages_.empty(); }
  [[nodiscard]] bool is_full() const noexcept { return messages_.size() >= messages_max; }
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
  /// Whether `flush` waits for the socket to be writable.
  [[nodiscard]] bool waits_for_room() const noexcept { return waits_for_room_; }
  /// When to call `flush` without that: the kernel does not tell when it has memory again.
  [[nodiscard]] time_point next_try() const noexcept { return next_try_; }

private:
  struct outgoing {
    std::vector<std::byte> bytes;
    std::shared_ptr<const os::pidfd> passed;
  };

  const os::unix_socket& host_;
  std::deque<outgoing> messages_;
  bool waits_for_room_ = false;
  bool is_closed_ = false;
  time_point next_try_ = time_point::max();
  int refusals_ = 0; // In a row.
  growing_pause pause_{std::chrono::milliseconds{1}, std::chrono::milliseconds{100}};
};

} // namespace troupe::detail
