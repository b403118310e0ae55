// Goal: the text of whatever somebody throws can be had, and asking for it harms nobody.
// Method: throw it, ask in the handler; then the handler must be as it was before.

#include "troupe/pool/exception_text.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace troupe {
namespace {

struct null_error : std::runtime_error {
  null_error() : std::runtime_error{"hidden"} {}
  [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};
const char* throw_a_string() {
  throw std::string{"no text"};
}
struct throwing_error : std::runtime_error {
  throwing_error() : std::runtime_error{"hidden"} {}
  [[nodiscard]] const char* what() const noexcept override { return throw_a_string(); }
};

template<class T>
std::string text_of(const T& thrown, std::size_t size_max = 100) {
  try {
    throw thrown;
  } catch (...) {
    auto text = text_of_current_exception(size_max);
    // It is handled still: what() leaves nothing on top of it.
    try {
      throw;
    } catch (const std::decay_t<const T>&) {
      return text;
    }
  }
}

BOOST_AUTO_TEST_SUITE(exception_text_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(exceptions_numbers_and_strings_are_told_by_their_value) {
  BOOST_TEST(text_of(std::range_error{"range"}) == "range");
  BOOST_TEST(text_of(std::string{"s"}) == "s");
  BOOST_TEST(text_of(std::string_view{"v"}) == "v");
  BOOST_TEST(text_of("literal") == "literal");
  BOOST_TEST(text_of(static_cast<const char*>(nullptr)) == "null");
  BOOST_TEST(text_of(42) == "42");
  BOOST_TEST(text_of(42U) == "42");
  BOOST_TEST(text_of(-42L) == "-42");
  BOOST_TEST(text_of(42UL) == "42");
  BOOST_TEST(text_of(-42LL) == "-42");
  BOOST_TEST(text_of(true) == "true");
  BOOST_TEST(text_of(0.5).starts_with("0.5"));
  BOOST_TEST(text_of(std::make_error_code(std::errc::timed_out)) == "Connection timed out");
  BOOST_TEST(text_of(std::vector{1}) == "an exception that is no std::exception");
}

BOOST_AUTO_TEST_CASE(a_long_text_is_shortened) {
  const auto text = text_of(std::runtime_error{std::string(1'000'000, 'x')});
  BOOST_TEST(text.size() < 200u);
  BOOST_TEST(text.starts_with("xxxx"));
}

BOOST_AUTO_TEST_CASE(a_what_that_is_null_or_throws_is_told_as_that) {
  for (int round = 0; round < 3; ++round) {
    BOOST_TEST(text_of(null_error{}) == "(what() is null)");
    BOOST_TEST(text_of(throwing_error{}) == "(what() threw an exception itself)");
  }
  BOOST_TEST(!std::current_exception());
  BOOST_TEST(std::uncaught_exceptions() == 0);
}

BOOST_AUTO_TEST_CASE(handlers_outside_of_the_question_are_kept) {
  try {
    throw 1;
  } catch (int) {
    BOOST_TEST(text_of(throwing_error{}) == "(what() threw an exception itself)");
    try {
      throw;
    } catch (int number) {
      BOOST_TEST(number == 1);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
