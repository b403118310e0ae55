// Goal: a command whose start fails halfway leaves no child behind, neither alive nor unreaped.
// Method: a copy of the test, in which the kernel refuses a call, starts a command and then asks
// the kernel for its children.

#include "troupe/actors/command_child.hpp"

#include "support/denied_call.hpp"
#include "support/forked.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include <sys/stat.h>
#include <sys/syscall.h>

namespace troupe::test {
namespace {

bool has_no_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

// The text of what a start throws; empty: it started.
std::string failure_of(const std::string& program) {
  try {
    const actors::command_child started{{program}};
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return {};
}

BOOST_AUTO_TEST_SUITE(child_start_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(one_that_cannot_be_held_by_a_descriptor_is_ended_and_named) {
  for (const auto error : {EMFILE, ENOSYS}) {
    BOOST_TEST(holds_in_copy([error] {
      if (!deny_call(SYS_pidfd_open, static_cast<unsigned>(error))) return false;
      const auto told = failure_of("cat"); // Would wait for its input for ever.
      return told.find("cannot start") != std::string::npos &&
             told.find("/cat") != std::string::npos && has_no_child();
    }));
  }
}

BOOST_AUTO_TEST_CASE(one_that_cannot_become_its_program_is_reaped) {
  BOOST_TEST(holds_in_copy([] {
    return deny_call(SYS_execve, EACCES) && !failure_of("cat").empty() && has_no_child();
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
