// Goal: a start of this program that goes wrong half-way leaves nothing.
// Method: a forked copy of the test, which the kernel refuses what the start needs.

#include "support/denied_call.hpp"
#include "support/process_table.hpp"

#include "troupe/os/pipe.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"
#include "troupe/process/zygote.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstdlib>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe {
namespace {

constexpr int is_denied = 40;
constexpr int has_started = 41;
constexpr int has_left_a_child = 42;

int try_to_start() {
  if (!test::deny_call(SYS_pidfd_open, EMFILE)) return is_denied;
  const auto ends = os::unix_socket::make_pair();
  const auto started = os::spawn_own_image(detail::zygote_role_variable, ends.second.descriptor());
  if (started || started.error().os_error != EMFILE) return has_started;
  return test::children_of(::getpid()).empty() ? 0 : has_left_a_child;
}

bool fails_in_role(const char* variable, const os::fd& passed) {
  auto started = os::spawn_own_image(variable, passed);
  if (!started || !started->handle.wait_exited(deadline::never())) return false;
  const auto status = started->handle.reap();
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == EXIT_FAILURE;
}

BOOST_AUTO_TEST_SUITE(spawn_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(image_that_cannot_be_held_by_a_descriptor_is_killed_and_reaped) {
  const int copy = ::fork();
  if (copy == 0) ::_exit(try_to_start());
  int status = -1;
  BOOST_TEST(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(WEXITSTATUS(status) == 0);
}

// In main it would make pools, which execute the program again: without end.
BOOST_AUTO_TEST_CASE(image_that_cannot_take_the_role_it_was_started_for_never_reaches_main) {
  const auto pipe = os::make_pipe(); // No socket of a host.
  const auto empty = os::unix_socket::make_pair();
  const auto nonsense = os::unix_socket::make_pair();
  const std::byte byte{99};
  BOOST_TEST(nonsense.first.send({&byte, 1}, {}).has_value());
  BOOST_TEST(fails_in_role(detail::zygote_role_variable, pipe.reader));
  BOOST_TEST(fails_in_role(detail::worker_role_variable, pipe.reader));
  BOOST_TEST(fails_in_role(detail::worker_role_variable, empty.second.descriptor()));
  BOOST_TEST(fails_in_role(detail::worker_role_variable, nonsense.second.descriptor()));
}

BOOST_AUTO_TEST_CASE(role_that_another_process_was_started_for_is_not_taken) {
  for (const char* const text : {"3:1", "3", "3:", ":3", "x:y", "999:1", "3:99999999999"}) {
    const int copy = ::fork();
    if (copy == 0) {
      ::setenv(detail::zygote_role_variable, text, 1);
      char name[] = "program";
      char* argv[] = {name, nullptr};
      become_zygote_if_asked(1, argv);
      ::_exit(::getenv(detail::zygote_role_variable) == nullptr ? 0 : 1);
    }
    int status = -1;
    BOOST_TEST(::waitpid(copy, &status, 0) == copy);
    BOOST_TEST(status == 0, text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
