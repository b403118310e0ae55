// Part of Troupe; see LICENSE.

#include "troupe/control/detail/peer.hpp"

namespace troupe::control::detail {

peer peer_of(boost::asio::local::stream_protocol::socket& socket) {
  ucred found{};
  socklen_t size = sizeof found;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return {};
  return {.pid = found.pid, .user = found.uid};
}

bool is_trusted_peer(boost::asio::local::stream_protocol::socket& socket) {
  const auto other = peer_of(socket);
  return other.user == 0 || other.user == ::geteuid();
}

} // namespace troupe::control::detail
