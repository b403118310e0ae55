// Goal: the socket lies where the XDG specification wants state to be.
// Method: set the two variables, which only this process sees.

#include "troupe/control/place.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>

namespace troupe::control {
namespace {

struct own_environment {
  own_environment() { ::unsetenv("XDG_STATE_HOME"), ::setenv("HOME", "/h", 1); }
};

BOOST_FIXTURE_TEST_SUITE(place_suite, own_environment, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(xdg_state_home_wins) {
  ::setenv("XDG_STATE_HOME", "/s", 1);
  BOOST_TEST(*default_socket("shop") == "/s/troupe/shop/control.sock");
}

BOOST_AUTO_TEST_CASE(otherwise_it_is_below_home) {
  BOOST_TEST(*default_socket("shop") == "/h/.local/state/troupe/shop/control.sock");
  ::setenv("XDG_STATE_HOME", "relative", 1); // To be ignored, says the specification.
  BOOST_TEST(*default_socket("shop") == "/h/.local/state/troupe/shop/control.sock");
}

BOOST_AUTO_TEST_CASE(without_both_the_remedy_is_told) {
  ::unsetenv("HOME");
  BOOST_TEST(default_socket("shop").error().message.find("--socket") != std::string::npos);
  BOOST_TEST(known_names().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::control
