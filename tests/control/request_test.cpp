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

// What was understood means the same when it is sent on; what was not is a reason in words, which
// arrives whole.
void check_request(const std::string& line) {
  const auto got = request_from_line(line);
  if (got) {
    const auto again = request_from_line(to_line(*got));
    BOOST_TEST_REQUIRE(again.has_value());
    BOOST_TEST(again->verb == got->verb);
    return;
  }
  BOOST_TEST((got.error().code == errc::bad_data));
  const auto reply = result_from_line(reply_line(got.error()));
  BOOST_TEST_REQUIRE(!reply.has_value());
  BOOST_TEST((reply.error().code == errc::task_failed));
  BOOST_TEST(reply.error().message == got.error().message);
  BOOST_TEST(!got.error().message.empty());
}

void check_result(const std::string& line) {
  const auto got = result_from_line(line);
  if (got) {
    const auto again = result_from_line(reply_line(*got));
    BOOST_TEST_REQUIRE(again.has_value());
    BOOST_TEST(*again == *got);
    return;
  }
  const auto code = got.error().code;
  BOOST_TEST((code == errc::bad_data || code == errc::task_failed));
  BOOST_TEST(!got.error().message.empty());
}

BOOST_AUTO_TEST_CASE(random_bytes_are_refused_in_words_or_understood_rightly) {
  constexpr unsigned seed = 20;
  std::mt19937 random{seed};
  for (int round = 0; round < 20'000; ++round) {
    std::string line(random() % 40, ' ');
    for (auto& c : line) c = static_cast<char>(random());
    if (round % 2 == 0) line = R"({"verb":)" + line;
    check_request(line);
    check_result(line);
  }
}

BOOST_AUTO_TEST_CASE(good_lines_with_one_byte_changed_are_refused_or_understood_rightly) {
  const std::string lines[] = {to_line({"status"}), reply_line(std::string{R"({"a":[1,null]})"}),
                               reply_line(failure{errc::unsupported, "no"})};
  int understood = 0;
  for (const auto& whole : lines) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        auto line = whole;
        line[at] = static_cast<char>(byte);
        check_request(line);
        check_result(line);
        if (request_from_line(line)) ++understood;
      }
    }
  }
  BOOST_TEST(understood > 256); // Every letter of the verb may be another one.
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::control
