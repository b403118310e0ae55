// Goal: a start of this program that goes wrong half-way leaves nothing.
// Method: a forked copy of the test, which the kernel refuses what the start needs.

#include "support/denied_call.hpp"
#include "support/process_table.hpp"

#include "troupe/os/spawn.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>

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

BOOST_AUTO_TEST_SUITE(spawn_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(image_that_cannot_be_held_by_a_descriptor_is_killed_and_reaped) {
  const int copy = ::fork();
  if (copy == 0) ::_exit(try_to_start());
  int status = -1;
  BOOST_TEST(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(WEXITSTATUS(status) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
