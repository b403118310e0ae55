// Goal: what comes over the socket is data: nonsense is an error, never a crash.
// Method: lines in, values out; every prefix of a good line, and random bytes.

#include "troupe/control/request.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace troupe::control {
namespace {

BOOST_AUTO_TEST_SUITE(request_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(a_request_survives_the_way) {
  BOOST_TEST(request_from_line(to_line({"status"}))->verb == "status");
  BOOST_TEST(request_from_line(to_line({"a \"b\"\n"}))->verb == "a \"b\"\n");
}

BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
  for (const auto* line : {"", "x", "[]", "1", "null", "{}", R"({"verb":1})", R"({"verb":null})",
                           R"({"verb":"a"} trailing)", "\xff\xfe"}) {
    BOOST_TEST(!request_from_line(line).has_value(), line);
  }
  const auto whole = to_line({"status"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    BOOST_TEST(!request_from_line(std::string_view{whole}.substr(0, size)).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_result_or_an_error_survives_the_way) {
  BOOST_TEST(*result_from_line(reply_line(std::string{R"({"a":1})"})) == R"({"a":1})");
  const auto refused = result_from_line(reply_line(failure{errc::unsupported, "no \"such\" verb"}));
  BOOST_TEST(refused.error().message == "no \"such\" verb");
  BOOST_TEST(!result_from_line("{}").has_value());
  BOOST_TEST(!result_from_line(R"({"ok":"yes"})").has_value());
  BOOST_TEST(!result_from_line(R"({"ok":false,"error":7})").has_value());
}

BOOST_AUTO_TEST_CASE(random_bytes_do_no_harm) {
  constexpr unsigned seed = 20;
  std::mt19937 random{seed};
  for (int round = 0; round < 20'000; ++round) {
    std::string line(random() % 40, ' ');
    for (auto& c : line) c = static_cast<char>(random());
    if (round % 2 == 0) line = R"({"verb":)" + line;
    (void)request_from_line(line); // Any answer is right; a crash or a sanitizer report is not.
    (void)result_from_line(line);  // Any answer is right; a crash or a sanitizer report is not.
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::control
