// Part of Troupe; see LICENSE.

#pragma once

#include <boost/asio/local/stream_protocol.hpp>

#include <cstddef>

namespace troupe::control::detail {

/// Length of a socket's path in the kernel's address, with its end.
inline constexpr std::size_t socket_path_max = sizeof(sockaddr_un::sun_path);

/// The process at the other end.
struct peer {
  int pid = 0;
  unsigned user = ~0U;
};

/// Asks the kernel; user ~0 when it does not say.
peer peer_of(boost::asio::local::stream_protocol::socket& socket);

/// Whether it belongs to our user, or to root.
bool is_trusted_peer(boost::asio::local::stream_protocol::socket& socket);

} // namespace troupe::control::detail
