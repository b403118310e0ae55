// Goal: a thread of ours has its name and blocks every signal, and its maker's mask stays as it
// was. Method: real threads that look at themselves; a limit on threads is not needed for the mask.

#include "troupe/os/thread.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

#include <pthread.h>

namespace troupe::os {
namespace {

bool is_blocked(int number) {
  sigset_t now;
  BOOST_REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0);
  return ::sigismember(&now, number) == 1;
}

BOOST_AUTO_TEST_SUITE(thread_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(a_thread_has_its_name_and_no_signal_reaches_it) {
  std::string name(16, '\0');
  bool blocks_term = false;
  bool blocks_real_time = false;
  start_thread("troupe-sample", [&] {
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    blocks_term = is_blocked(SIGTERM);
    blocks_real_time = is_blocked(SIGRTMAX);
  }).join();
  BOOST_TEST(name.c_str() == "troupe-sample");
  BOOST_TEST(blocks_term);
  BOOST_TEST(blocks_real_time);
  BOOST_TEST(!is_blocked(SIGTERM));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
