// Goal: the wait for doorbells works, and sleeps, also where a container's profile or an old kernel
// has no epoll_pwait2.
// Method: a forked copy of the test denies itself the call for ever and waits.

#include "troupe/os/epoll.hpp"
#include "troupe/os/event_fd.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {
namespace {

using namespace std::chrono_literals;

constexpr unsigned epoll_pwait2_number = 441; // On every architecture.
constexpr auto wait_time = 60ms;
constexpr int quick_looks = 20;

bool deny(unsigned number, unsigned problem) {
  std::array<sock_filter, 4> filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | problem),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

std::chrono::microseconds own_cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
         std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
}

enum verdict : int { right, cannot_deny, too_early, not_heard, spins };

// What the dispatcher does with it.
verdict wait_for_rings() {
  const auto epoll = make_epoll();
  const auto bell = event_fd::create();
  epoll_add(epoll, bell.descriptor(), nullptr);
  int rings = 0;
  const auto count = [&](void*) { ++rings; };
  const auto begin = clock::now();
  const auto cpu_before = own_cpu_time();
  epoll_wait(epoll, deadline::after(wait_time), count);
  if (rings == 0 && clock::now() - begin < wait_time) return too_early;
  if (own_cpu_time() - cpu_before > wait_time / 2) return spins;
  for (int i = 0; i < quick_looks; ++i) {
    bell.ring();
    epoll_wait(epoll, deadline::never(), count);
  }
  return rings == quick_looks ? right : not_heard;
}

int run_denied(unsigned problem) {
  const auto pid = ::fork();
  if (pid == 0) ::_exit(deny(epoll_pwait2_number, problem) ? wait_for_rings() : cannot_deny);
  int status = 0;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

BOOST_AUTO_TEST_SUITE(epoll_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(a_ring_wakes_and_a_limit_ends_the_wait) {
  BOOST_TEST(wait_for_rings() == right);
}

BOOST_AUTO_TEST_CASE(without_epoll_pwait2_it_waits_to_the_millisecond) { // E5.
  BOOST_TEST(run_denied(ENOSYS) == right);
  BOOST_TEST(run_denied(EPERM) == right);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_refused_does_not_spin) {
  const fd no_epoll{::dup(STDERR_FILENO)};
  const auto begin = clock::now();
  for (int i = 0; i < quick_looks; ++i) epoll_wait(no_epoll, deadline::never(), [](void*) {});
  // A lower bound: each refused wait takes a pause.
  BOOST_TEST((clock::now() - begin >= quick_looks * 5ms));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
