// Goal: a process held by a pidfd can be signalled, awaited and reaped, and stays the same process.
// Method: forked children of this single-threaded test.

#include "support/denied_call.hpp"
#include "support/forked.hpp"

#include "troupe/os/pidfd.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <optional>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {
namespace {

struct child {
  explicit child(std::optional<int> code = std::nullopt) {
    pid = ::fork();
    if (pid == 0) {
      ::setpgid(0, 0);
      if (code) ::_exit(*code);
      for (;;) ::pause();
    }
    ::setpgid(pid, pid);
    auto opened = pidfd::open(pid);
    BOOST_TEST_REQUIRE(opened.has_value());
    handle = std::move(*opened);
  }
  ~child() {
    handle.signal(SIGKILL); // Only alive when the test has failed.
    handle.wait_exited(deadline::never());
    handle.reap();
  }
  int pid = 0;
  pidfd handle;
};

BOOST_AUTO_TEST_SUITE(pidfd_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(exit_code_is_reaped_once) {
  child exits{7};
  BOOST_TEST(exits.handle.wait_exited(deadline::never()));
  const auto status = exits.handle.reap();
  BOOST_TEST_REQUIRE(status.has_value());
  BOOST_TEST(WIFEXITED(*status));
  BOOST_TEST(WEXITSTATUS(*status) == 7);
  BOOST_TEST(!exits.handle.reap().has_value());
  BOOST_TEST(exits.handle.has_exited());
}

BOOST_AUTO_TEST_CASE(exit_code_is_also_reaped_where_waitid_is_denied) {
  for (const int problem : {EPERM, ENOSYS}) {
    BOOST_TEST(test::holds_in_copy([problem] {
      if (!test::deny_call(SYS_waitid, static_cast<unsigned>(problem))) return false;
      const child exits{7};
      exits.handle.wait_exited(deadline::never());
      const auto status = exits.handle.reap();
      return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 7 && !exits.handle.reap();
    }));
  }
}

BOOST_AUTO_TEST_CASE(living_process_is_not_reaped) {
  child lives;
  BOOST_TEST(!lives.handle.has_exited());
  BOOST_TEST(!lives.handle.reap().has_value());
  BOOST_TEST(!lives.handle.wait_exited(deadline::after(std::chrono::milliseconds{1})));
  BOOST_TEST(lives.handle.signal(SIGTERM));
  BOOST_TEST(lives.handle.wait_exited(deadline::never()));
  BOOST_TEST(WTERMSIG(lives.handle.reap().value_or(0)) == SIGTERM);
}

BOOST_AUTO_TEST_CASE(signal_to_the_dead_is_no_error_and_a_wrong_one_is) {
  child exits{0};
  BOOST_TEST(exits.handle.wait_exited(deadline::never()));
  BOOST_TEST(exits.handle.reap().has_value());
  BOOST_TEST(exits.handle.signal(SIGTERM));
  child lives;
  BOOST_TEST(!lives.handle.signal(9999));
}

BOOST_AUTO_TEST_CASE(group_is_signalled_where_the_kernel_can) {
  child lives;
  if (!lives.handle.signal_group(SIGUSR1)) return; // Before Linux 6.9.
  BOOST_TEST(lives.handle.wait_exited(deadline::never()));
  BOOST_TEST(WTERMSIG(lives.handle.reap().value_or(0)) == SIGUSR1);
  BOOST_TEST(lives.handle.signal_group(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(status_taken_by_somebody_else_is_no_error) {
  child exits{3};
  BOOST_TEST(::waitpid(exits.pid, nullptr, 0) == exits.pid);
  BOOST_TEST(!exits.handle.reap().has_value());
  const auto status = exits.handle.reaped_status();
  if (status) BOOST_TEST(WEXITSTATUS(*status) == 3); // Linux 6.15.
}

BOOST_AUTO_TEST_CASE(no_process_is_a_failure) {
  BOOST_TEST(!pidfd::open(0x3fffffff).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
