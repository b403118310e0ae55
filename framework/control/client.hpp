// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/control/request.hpp"

#include <memory>
#include <string>

namespace troupe::control {

/// Asks a running troupe over its control socket.
///
/// Lives in: any process. Threads: one owner. Blocks: until an answer or the deadline.
/// Crash (of the troupe): `end_of_stream`.
/// Errors: `closed` (nothing serves the socket), `timed_out`, `end_of_stream`, `bad_data`,
/// `task_failed` (it refused; the text says why), `system`. In a forked copy of the process that
/// connected, `ask` throws forked_copy: the answer would be taken from that process.
class client {
public:
  static expected<client> connect(const std::string& path, deadline limit);
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;
  ~client();

  /// Returns the result as JSON.
  expected<std::string> ask(const request& what, deadline limit);
  /// Process at the other end.
  [[nodiscard]] int peer_pid() const noexcept;

private:
  struct link;
  explicit client(std::unique_ptr<link> made);
  std::unique_ptr<link> link_;
};

} // namespace troupe::control
