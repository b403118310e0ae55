// Part of Troupe; see LICENSE.

#include "troupe/os/unix_socket.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <sys/socket.h>
#include <sys/uio.h>

namespace troupe::os {

namespace {

struct alignas(cmsghdr) control_buffer {
  std::byte bytes[CMSG_SPACE(sizeof(int) * unix_socket::descriptors_max)];
};

std::vector<fd> take_descriptors(msghdr& header) {
  std::vector<fd> out;
  for (auto* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      int raw = fd::none;
      std::memcpy(&raw, CMSG_DATA(part) + i * sizeof raw, sizeof raw);
      out.emplace_back(raw);
    }
  }
  return out;
}

} // namespace

std::pair<unix_socket, unix_socket> unix_socket::make_pair() {
  int ends[2] = {};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    throw std::system_error{errno, std::generic_category(), "cannot make a socket pair"};
  }
  return {unix_socket{fd{ends[0]}}, unix_socket{fd{ends[1]}}};
}

expected<void> unix_socket::send(std::span<const std::byte> bytes,
                                 std::span<const int> descriptors) const {
  TROUPE_ASSERT(descriptors.size() <= descriptors_max);
  iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  control_buffer control{};
  if (!descriptors.empty()) {
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    auto* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  while (::sendmsg(fd_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    switch (errno) {
    case EINTR:
      continue;
    case EAGAIN:
      return failure{errc::would_block, {}, errno};
    case EPIPE:
    case ECONNRESET:
      return failure{errc::end_of_stream, {}, errno};
    case EMSGSIZE:
      return failure{errc::too_large, "message larger than the socket's buffer", errno};
    default:
      return system_failure("cannot send a message", errno);
    }
  }
  return {};
}

expected<socket_message> unix_socket::receive(std::span<std::byte> into) const {
  iovec part{.iov_base = into.data(), .iov_len = into.size()};
  control_buffer control; // Not zeroed: the kernel fills what it announces.
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  for (;;) {
    const auto count = ::recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return failure{errc::would_block, {}, EAGAIN};
    // The peer died with unread messages of ours. Told once, before what it had sent: go on to
    // that.
    if (count < 0 && errno == ECONNRESET) continue;
    if (count < 0) return system_failure("cannot receive a message", errno);
    if (count == 0) return failure{errc::end_of_stream, {}, 0}; // We never send empty messages.
    auto descriptors = take_descriptors(header);
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      return failure{errc::bad_data, "a message was larger than the buffer for it", 0};
    }
    return socket_message{static_cast<std::size_t>(count), std::move(descriptors)};
  }
}

int unix_socket::peer_pid() const noexcept {
  int type = 0;
  socklen_t length = sizeof type;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_TYPE, &type, &length) != 0) return 0;
  if (type != SOCK_SEQPACKET) return 0;
  ucred peer{};
  length = sizeof peer;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
  return peer.pid;
}

void unix_socket::prefer_send_buffer(std::size_t size_bytes) const noexcept {
  const int wanted = static_cast<int>(size_bytes);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

} // namespace troupe::os
