// Goal: a kernel that will not take a message for the zygote for a moment (ENOMEM) delays a start;
// one that never takes it fails the start with the reason. One that will not give us the zygote's
// messages for a moment ends no worker.
// Method: this program's own sendmsg and recvmsg, which refuse when they are told to.

#include "support/launch_fixture.hpp"

#include "troupe/os/pipe.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <limits>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {
std::atomic<int> refused_reads_left{0};
std::atomic<int> refusals_left{0};
std::atomic<int> refusal{ENOMEM};
} // namespace

// Instead of the C library's, for the whole program.
extern "C" ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  if (refusals_left.load() > 0) {
    --refusals_left;
    errno = refusal.load();
    return -1;
  }
  return static_cast<ssize_t>(::syscall(SYS_sendmsg, socket, message, flags));
}

extern "C" ssize_t recvmsg(int socket, msghdr* message, int flags) {
  if (refused_reads_left.load() > 0) {
    --refused_reads_left;
    errno = ENOMEM;
    return -1;
  }
  return static_cast<ssize_t>(::syscall(SYS_recvmsg, socket, message, flags));
}

namespace troupe {
namespace {

using test::launch_fixture;

int returns_3(std::span<os::fd>, std::span<const std::byte>) {
  return 3;
}

struct refusing_kernel : launch_fixture {
  refusing_kernel() { BOOST_TEST((start_worker(returns_3)->exited().status.code() == 3)); }
  ~refusing_kernel() { refusals_left = 0; }
};

BOOST_AUTO_TEST_SUITE(refused_send_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(start_is_sent_again_after_it_was_refused, refusing_kernel) { // E12.
  for (const int problem : {ENOMEM, ENOBUFS, ETOOMANYREFS, EAGAIN, EINTR}) {
    for (const int count : {1, 2, 5}) {
      refusal = problem;
      refusals_left = count;
      BOOST_TEST((start_worker(returns_3)->exited().status.code() == 3));
      BOOST_TEST(refusals_left.load() == 0);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(start_that_is_always_refused_fails_with_the_reason, refusing_kernel) {
  refusal = ENOMEM;
  refusals_left = std::numeric_limits<int>::max();
  const auto cause = start_worker(returns_3)->start_failure();
  BOOST_TEST(cause.os_error == ENOMEM);
  BOOST_TEST(cause.message.find("cannot send a message") != std::string::npos, cause.message);
  refusals_left = 0;
  BOOST_TEST((start_worker(returns_3)->exited().status.code() == 3));
}

BOOST_FIXTURE_TEST_CASE(start_larger_than_the_socket_fails_with_the_reason, refusing_kernel) {
  refusal = EMSGSIZE;
  refusals_left = 2; // At once, and from the queue.
  const auto cause = start_worker(returns_3)->start_failure();
  BOOST_TEST(cause.os_error == EMSGSIZE);
  BOOST_TEST((start_worker(returns_3)->exited().status.code() == 3));
}

int ends_with_its_input(std::span<os::fd> passed, std::span<const std::byte>) {
  std::byte one{};
  return os::read_some(passed.front(), {&one, 1}) ? 4 : 5;
}

BOOST_FIXTURE_TEST_CASE(message_that_cannot_be_read_at_once_ends_no_worker, refusing_kernel) {
  auto pipe = os::make_pipe();
  const auto lives_on = start_worker(ends_with_its_input, {}, {&pipe.reader});
  BOOST_TEST_REQUIRE(lives_on->started());
  refused_reads_left = 3;
  BOOST_TEST((start_worker(returns_3)->exited().status.code() == 3));
  BOOST_TEST(refused_reads_left.load() == 0);
  const std::byte one{};
  BOOST_TEST(os::write_some(pipe.writer, {&one, 1}).has_value());
  BOOST_TEST((lives_on->exited().status.code() == 4));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
