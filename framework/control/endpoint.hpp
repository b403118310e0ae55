// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/control/request.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::control {

struct endpoint_options {
  std::string path;     ///< Of the socket; `path`.lock lies beside it.
  unsigned mode = 0600; ///< Of the socket. Its folder is made with 0700 when it is not there.
};

/// Answers a request with JSON. Called on the endpoint's thread; should not block.
using request_handler = std::function<expected<std::string>(const request&)>;

/// The socket over which a running troupe is asked.
///
/// Serves only processes of the same user, and root; at most `clients_max` at a time; a client that
/// is silent, or does not read, is let go.
///
/// Lives in: host, thread "troupe-control". Threads: any. Blocks: only the destructor, for the
/// request being answered. Crash: the socket stays behind, and the next one takes its place.
/// Errors: `open` says why not; `would_block` means that another process serves this socket.
class endpoint {
public:
  static constexpr std::size_t clients_max = 16;
  static constexpr std::size_t path_bytes_max = 107; ///< The kernel's limit.

  static expected<std::unique_ptr<endpoint>> open(const endpoint_options& options,
                                                  request_handler handler);
  /// Removes the socket; in a forked copy of the process, does nothing.
  ~endpoint();
  endpoint(const endpoint&) = delete;
  endpoint& operator=(const endpoint&) = delete;

private:
  class server;
  explicit endpoint(std::unique_ptr<server> made);
  std::unique_ptr<server> server_;
};

} // namespace troupe::control
