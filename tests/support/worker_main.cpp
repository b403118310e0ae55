// Part of Troupe; see LICENSE.
//
// main of the tests that start workers: this program is started again as their zygote.

#include "support/threaded_zygote.hpp"

#include "troupe/process/zygote.hpp"

#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

namespace {

bool name_suite() {
  boost::unit_test::framework::master_test_suite().p_name.value = "troupe";
  return true;
}

} // namespace

int main(int argc, char** argv) {
  troupe::test::start_thread_if_asked();
  troupe::become_zygote_if_asked(argc, argv);
  return boost::unit_test::unit_test_main(&name_suite, argc, argv);
}
