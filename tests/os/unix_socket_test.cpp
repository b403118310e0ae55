// Goal: messages and descriptors arrive whole, in order, and each failure has its own name.
// Method: both ends in this process; a forked child for a peer that dies.

#include "troupe/os/pipe.hpp"
#include "troupe/os/unix_socket.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

struct socket_pair {
  socket_pair() { std::tie(one, other) = unix_socket::make_pair(); }

  expected<socket_message> receive(const unix_socket& from) { return from.receive(buffer); }
  std::string text(const socket_message& message) const {
    return {reinterpret_cast<const char*>(buffer.data()), message.size_bytes};
  }

  unix_socket one;
  unix_socket other;
  std::array<std::byte, 64> buffer{};
};

BOOST_AUTO_TEST_SUITE(unix_socket_suite, *boost::unit_test::timeout(20))

BOOST_FIXTURE_TEST_CASE(borders_of_messages_are_kept, socket_pair) {
  BOOST_TEST(one.send(bytes("first"), {}).has_value());
  BOOST_TEST(one.send(bytes("second"), {}).has_value());
  auto message = receive(other);
  BOOST_TEST_REQUIRE(message.has_value());
  BOOST_TEST(text(*message) == "first");
  message = receive(other);
  BOOST_TEST_REQUIRE(message.has_value());
  BOOST_TEST(text(*message) == "second");
  BOOST_TEST((receive(other).error().code == errc::would_block));
}

BOOST_FIXTURE_TEST_CASE(descriptors_travel_and_are_close_on_exec, socket_pair) {
  auto pipe = make_pipe();
  const int passed[] = {pipe.writer.get(), pipe.reader.get()};
  BOOST_TEST(one.send(bytes("x"), passed).has_value());
  pipe.writer.reset();
  auto message = receive(other);
  BOOST_TEST_REQUIRE(message.has_value());
  BOOST_TEST_REQUIRE(message->descriptors.size() == 2U);
  BOOST_TEST((::fcntl(message->descriptors[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  BOOST_TEST(write_some(message->descriptors[0], bytes("through")).has_value());
  BOOST_TEST(read_some(pipe.reader, buffer).has_value());
}

BOOST_FIXTURE_TEST_CASE(full_socket_would_block_until_it_is_read, socket_pair) {
  auto sent = one.send(bytes("x"), {});
  while (sent) sent = one.send(bytes("x"), {});
  BOOST_TEST((sent.error().code == errc::would_block));
  while (receive(other)) {
  }
  BOOST_TEST(one.send(bytes("x"), {}).has_value());
}

BOOST_FIXTURE_TEST_CASE(too_large_messages_are_refused_on_both_sides, socket_pair) {
  const std::vector<std::byte> huge(8 * 1024 * 1024);
  BOOST_TEST((one.send(huge, {}).error().code == errc::too_large));
  BOOST_TEST(one.send(bytes(std::string(65, 'x')), {}).has_value());
  BOOST_TEST((receive(other).error().code == errc::bad_data));
}

BOOST_FIXTURE_TEST_CASE(what_was_sent_before_the_end_is_received_first, socket_pair) {
  BOOST_TEST(other.send(bytes("unread"), {}).has_value());
  BOOST_TEST(one.send(bytes("last words"), {}).has_value());
  one = unix_socket{}; // Closed with an unread message: the kernel reports a reset first.
  const auto message = receive(other);
  BOOST_TEST_REQUIRE(message.has_value());
  BOOST_TEST(text(*message) == "last words");
  BOOST_TEST((receive(other).error().code == errc::end_of_stream));
  BOOST_TEST((other.send(bytes("x"), {}).error().code == errc::end_of_stream));
}

BOOST_FIXTURE_TEST_CASE(message_arrives_without_descriptors_that_have_no_room, socket_pair) {
  const auto pipe = make_pipe();
  const int passed[] = {pipe.writer.get()};
  BOOST_TEST(one.send(bytes("x"), passed).has_value());
  const int child = ::fork();
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto message = receive(other);
    ::_exit(message && message->descriptors.empty() && message->size_bytes == 1 ? 0 : 1);
  }
  int status = -1;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
}

BOOST_FIXTURE_TEST_CASE(maker_of_the_pair_is_known, socket_pair) {
  BOOST_TEST(one.peer_pid() == ::getpid());
  const auto pipe = make_pipe();
  const unix_socket no_socket{fd{::dup(pipe.reader.get())}};
  BOOST_TEST(no_socket.peer_pid() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
