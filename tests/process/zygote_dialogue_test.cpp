// Goal: the zygote keeps its side of the protocol, also with a host that is slow, rude or gone.
// Method: the test is the host and speaks the protocol by hand.

#include "support/denied_call.hpp"
#include "support/forked.hpp"

#include "troupe/os/pidfd.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/modules.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::detail {
namespace {

int returns_5(std::span<os::fd>, std::span<const std::byte>) {
  return 5;
}
int hangs(std::span<os::fd>, std::span<const std::byte>) {
  for (;;) ::pause();
}

int outlives_every_kill(std::span<os::fd>, std::span<const std::byte>) {
  constexpr int life_ms = 2000;
  ::poll(nullptr, 0, life_ms);
  return 0;
}

struct hand_made_host {
  hand_made_host() : buffer(zygote_message_bytes_max) {
    auto [own, theirs] = os::unix_socket::make_pair();
    auto spawned = os::spawn_own_image(zygote_role_variable, theirs.descriptor());
    BOOST_TEST_REQUIRE(spawned.has_value());
    socket = std::move(own);
    zygote = std::move(spawned->handle);
    pid = spawned->pid;
  }
  ~hand_made_host() {
    zygote.signal(SIGKILL);
    zygote.wait_exited(deadline::never());
    zygote.reap();
  }

  // The next message; empty at the end of the stream.
  std::span<const std::byte> receive() {
    os::poll_set polled;
    polled.add(socket.descriptor().get());
    for (;;) {
      auto message = socket.receive(buffer);
      if (message) {
        passed = std::move(message->descriptors);
        return std::span{buffer}.first(message->size_bytes);
      }
      if (message.error().code != errc::would_block) return {};
      polled.wait(deadline::never());
    }
  }
  hello_message hello() { return decode_hello(receive()).value(); }

  bool start(std::uint64_t id, int (*entry)(std::span<os::fd>, std::span<const std::byte>)) {
    start_message message;
    message.id = id;
    message.options.name = "hand/" + std::to_string(id);
    message.entry = decltype(worker_request::entry){entry}.address();
    return socket.send(encode(message), {}).has_value();
  }

  os::unix_socket socket;
  os::pidfd zygote;
  int pid = 0;
  std::vector<std::byte> buffer;
  std::vector<os::fd> passed;
};

BOOST_AUTO_TEST_SUITE(zygote_dialogue_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(hello_says_who_it_is, hand_made_host) {
  const auto greeting = hello();
  BOOST_TEST(greeting.pid == pid);
  BOOST_TEST(greeting.thread_count >= 1U);
  BOOST_TEST(greeting.program_identity == loaded_modules().front().identity);
  BOOST_TEST(greeting.modules.front().path.empty());
}

BOOST_FIXTURE_TEST_CASE(start_and_exit_are_told_in_this_order, hand_made_host) {
  hello();
  BOOST_TEST(start(1, returns_5));
  const auto started = decode_started(receive());
  BOOST_TEST_REQUIRE(started.has_value());
  BOOST_TEST(started->id == 1U);
  BOOST_TEST(passed.size() == 1U);
  const auto exited = decode_exited(receive());
  BOOST_TEST_REQUIRE(exited.has_value());
  BOOST_TEST(exited->id == 1U);
  BOOST_TEST(WEXITSTATUS(exited->wait_status) == 5);
}

BOOST_FIXTURE_TEST_CASE(it_signals_a_group_for_kernels_that_cannot, hand_made_host) {
  hello();
  BOOST_TEST(start(1, hangs));
  BOOST_TEST(decode_started(receive()).has_value());
  BOOST_TEST(socket.send(encode(signal_group_message{99, SIGKILL}), {}).has_value()); // Nobody.
  BOOST_TEST(socket.send(encode(signal_group_message{1, SIGUSR2}), {}).has_value());
  const auto exited = decode_exited(receive());
  BOOST_TEST_REQUIRE(exited.has_value());
  BOOST_TEST(WTERMSIG(exited->wait_status) == SIGUSR2);
}

BOOST_FIXTURE_TEST_CASE(shutdown_ends_everything_and_tells_it, hand_made_host) {
  hello();
  for (std::uint64_t id = 1; id <= 3; ++id) {
    BOOST_TEST(start(id, hangs));
    BOOST_TEST(decode_started(receive()).has_value());
  }
  BOOST_TEST(socket.send(encode_shutdown(), {}).has_value());
  std::map<std::uint64_t, int> ends;
  for (auto bytes = receive(); !bytes.empty(); bytes = receive()) {
    const auto exited = decode_exited(bytes);
    BOOST_TEST_REQUIRE(exited.has_value());
    ++ends[exited->id];
  }
  BOOST_TEST((ends == std::map<std::uint64_t, int>{{1, 1}, {2, 1}, {3, 1}}));
  BOOST_TEST(zygote.wait_exited(deadline::never()));
}

BOOST_FIXTURE_TEST_CASE(closed_socket_ends_it_and_its_children, hand_made_host) {
  hello();
  BOOST_TEST(start(1, hangs));
  BOOST_TEST(decode_started(receive()).has_value());
  const os::pidfd child{std::move(passed.front())};
  socket = os::unix_socket{};
  BOOST_TEST(zygote.wait_exited(deadline::never()));
  BOOST_TEST(child.wait_exited(deadline::never()));
}

BOOST_FIXTURE_TEST_CASE(host_that_does_not_read_loses_nothing, hand_made_host) {
  hello();
  constexpr std::uint64_t count = 300; // Far more answers than the socket holds.
  std::uint64_t sent = 0;
  while (sent < count) {
    if (start(sent + 1, returns_5)) ++sent;
  }
  std::map<std::uint64_t, int> started;
  std::map<std::uint64_t, int> exited;
  while (exited.size() < count) {
    const auto bytes = receive();
    BOOST_TEST_REQUIRE(!bytes.empty());
    if (const auto message = decode_started(bytes)) ++started[message->id];
    if (const auto message = decode_exited(bytes)) ++exited[message->id];
  }
  BOOST_TEST(started.size() == count);
  for (const auto& [id, times] : exited) BOOST_TEST(times == 1);
}

BOOST_FIXTURE_TEST_CASE(messages_that_are_none_are_ignored_or_end_it, hand_made_host) {
  hello();
  const std::vector<std::byte> half_a_start{static_cast<std::byte>(zygote_message::start),
                                            std::byte{1}};
  BOOST_TEST(socket.send(half_a_start, {}).has_value());
  BOOST_TEST(start(1, returns_5));
  BOOST_TEST(decode_started(receive()).has_value());
  const std::vector<std::byte> unknown{std::byte{200}};
  BOOST_TEST(socket.send(unknown, {}).has_value());
  BOOST_TEST(zygote.wait_exited(deadline::never()));
}

BOOST_AUTO_TEST_CASE(child_that_it_may_not_kill_is_waited_for_by_pauses) { // E9.
  BOOST_TEST(test::holds_in_copy([] {
    if (!test::deny_call(SYS_kill, EPERM) || !test::deny_call(SYS_pidfd_send_signal, EPERM)) {
      return false;
    }
    hand_made_host host;
    host.hello();
    if (!host.start(1, outlives_every_kill) || !decode_started(host.receive())) return false;
    host.socket = os::unix_socket{};
    int status = -1;
    rusage used{};
    if (::wait4(host.pid, &status, 0, &used) != host.pid) return false;
    // One that spins uses as much as its child lives, or all it gets on a busy machine.
    constexpr long cpu_us_max = 500'000;
    const auto cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000 +
                        used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    return status == 0 && cpu_us < cpu_us_max;
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::detail
