// Goal: every resource limit that YAML names is known, and signals can be kept away from a thread.
// Method: the tables themselves; the mask before and after.

#include "troupe/os/limits.hpp"
#include "troupe/os/signals.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>

#include <pthread.h>
#include <sys/resource.h>

namespace troupe::os {
namespace {

bool is_blocked(int signal) {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return ::sigismember(&mask, signal) == 1;
}

BOOST_AUTO_TEST_SUITE(limits_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(all_names_of_yaml_are_known) {
  for (const auto* name :
       {"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile",
        "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"}) {
    const auto found = find_limit(name);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(limit_name_of(found->resource) == name);
  }
  BOOST_TEST(limit_names().size() == 16U);
  BOOST_TEST(!find_limit("files").has_value());
  BOOST_TEST(limit_name_of(999) == "?");
}

BOOST_AUTO_TEST_CASE(impossible_limit_is_refused_with_errno) {
  BOOST_TEST(set_limit(RLIMIT_CORE, 2, 1) == EINVAL);
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  BOOST_TEST(set_limit(RLIMIT_CORE, core.rlim_cur, core.rlim_max) == 0);
}

BOOST_AUTO_TEST_CASE(signals_are_blocked_only_within_the_scope) {
  BOOST_TEST(!is_blocked(SIGUSR1));
  {
    const block_signals blocked;
    BOOST_TEST(is_blocked(SIGUSR1));
  }
  BOOST_TEST(!is_blocked(SIGUSR1));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
