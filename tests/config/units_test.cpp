// Goal: durations, sizes, numbers, names and command lines mean one thing only.
// Method: pure functions; each accepted form is read, each near miss gives its exact sentence.

#include "troupe/config/command_line.hpp"
#include "troupe/config/units.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <random>

namespace troupe::config {
namespace {

using namespace std::chrono_literals;

duration time_of(std::string_view text) {
  return parse_duration(text).value();
}

std::string time_error(std::string_view text) {
  const auto parsed = parse_duration(text);
  return parsed ? "none" : parsed.error().message;
}

std::string size_error(std::string_view text) {
  const auto parsed = parse_size(text);
  return parsed ? "none" : parsed.error().message;
}

using words = std::vector<std::string>;

void check_words(std::string_view text, const words& expected) {
  const auto found = split_command(text).value();
  BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
}

BOOST_AUTO_TEST_SUITE(units_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(durations_need_a_unit_and_may_have_several) {
  BOOST_TEST((time_of("10s") == 10s));
  BOOST_TEST((time_of("0s") == 0s));
  BOOST_TEST((time_of("500ms") == 500ms));
  BOOST_TEST((time_of("1m30s") == 90s));
  BOOST_TEST((time_of("1d2h3m4s5ms6us7ns") == 24h + 2h + 3min + 4s + 5ms + 6us + 7ns));
  BOOST_TEST((time_of("1.5s") == 1500ms));
  BOOST_TEST((time_of("0.1s") == 100ms));
  BOOST_TEST((time_of("1.50h") == 90min));
}

BOOST_AUTO_TEST_CASE(a_bare_number_is_told_how_to_become_a_duration) {
  BOOST_TEST(time_error("10") == "'10' has no unit; write 10s");
  BOOST_TEST(time_error("1.5") == "'1.5' has no unit; write 1.5s");
}

BOOST_AUTO_TEST_CASE(malformed_durations_are_refused) {
  const std::string rest =
      " is not a duration; write a number and a unit such as 10s, 500ms or 1m30s"
      " (units: ns us ms s m h d)";
  for (const std::string text :
       {"", "s", "10 s", "10sec", "30s1m", "1s1s", "1m30", ".5s", "5.s", "1e3s", "10S"}) {
    BOOST_TEST(time_error(text) == "'" + text + "'" + rest);
  }
  BOOST_TEST(time_error("-1s") == "'-1s': a duration cannot be negative");
  BOOST_TEST(time_error("0.5ns") == "'0.5ns' is finer than 1ns");
  BOOST_TEST(time_error("200000d") == "'200000d' is longer than 106751 days");
  BOOST_TEST(time_error("99999999999999999999s") ==
             "'99999999999999999999s' is longer than 106751 days");
}

BOOST_AUTO_TEST_CASE(sizes_are_bytes_unless_they_have_a_unit) {
  BOOST_TEST(parse_size("4096").value() == 4096U);
  BOOST_TEST(parse_size("1B").value() == 1U);
  BOOST_TEST(parse_size("1KB").value() == 1000U);
  BOOST_TEST(parse_size("64KiB").value() == 65536U);
  BOOST_TEST(parse_size("1.5GiB").value() == 1610612736U);
  BOOST_TEST(parse_size("0.5KiB").value() == 512U);
  BOOST_TEST(parse_size("2GB").value() == 2000000000U);
}

BOOST_AUTO_TEST_CASE(malformed_sizes_are_told_the_right_unit) {
  BOOST_TEST(size_error("64M") == "'64M' is not a size; write 64MiB (or 64MB for powers of 1000)");
  BOOST_TEST(size_error("64kb") ==
             "'64kb' is not a size; write 64KiB (or 64KB for powers of 1000)");
  BOOST_TEST(size_error("big") ==
             "'big' is not a size; write a number and a unit such as 64KiB or 1GB"
             " (units: B KB KiB MB MiB GB GiB; a bare number is bytes)");
  BOOST_TEST(size_error("0.51KiB") == "'0.51KiB' is not a whole number of bytes");
  BOOST_TEST(size_error("-1") == "'-1': a size cannot be negative");
  BOOST_TEST(size_error("9999999999GiB") == "'9999999999GiB' is larger than 8 EiB");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random{seed};
    for (int i = 0; i < 2000; ++i) {
      const auto count = static_cast<std::int64_t>(random() >> (1 + random() % 63));
      BOOST_TEST(parse_duration(format_duration(duration{count})).value().count() == count);
      const auto size = static_cast<std::uint64_t>(count);
      BOOST_TEST(parse_size(format_size(size)).value() == size);
    }
  }
  BOOST_TEST(format_duration(90s) == "90s");
  BOOST_TEST(format_duration(2min) == "2m");
  BOOST_TEST(format_duration(0s) == "0s");
  BOOST_TEST(format_size(64 << 20) == "64MiB");
  BOOST_TEST(format_size(1000) == "1000B");
  BOOST_TEST(format_size(0) == "0B");
}

BOOST_AUTO_TEST_CASE(numbers_are_decimal_and_strict) {
  BOOST_TEST(parse_integer("-12").value() == -12);
  for (const auto* const text : {"", "1.0", "+1", " 1", "1 ", "0x10", "two", "1_000", "-"}) {
    BOOST_TEST(!parse_integer(text));
  }
  BOOST_TEST(parse_integer("010").error().message ==
             "expected a decimal integer, got '010'; remove the leading 0");
  BOOST_TEST((parse_integer("99999999999999999999").error().code == errc::too_large));
  BOOST_TEST(parse_number("0.25").value() == 0.25);
  BOOST_TEST(parse_number("2").value() == 2.0);
  for (const auto* const text : {"", "nan", "inf", "-inf", "1,5", "1.5x", "0x1p3"})
    BOOST_TEST(!parse_number(text));
}

BOOST_AUTO_TEST_CASE(only_true_and_false_are_booleans) {
  BOOST_TEST(parse_boolean("true").value());
  BOOST_TEST(!parse_boolean("false").value());
  BOOST_TEST(parse_boolean("yes").error().message ==
             "expected true or false, got 'yes'; write true");
  BOOST_TEST(parse_boolean("Off").error().message ==
             "expected true or false, got 'Off'; write false");
  BOOST_TEST(parse_boolean("1").error().message == "expected true or false, got '1'");
}

BOOST_AUTO_TEST_CASE(signals_have_names_and_numbers) {
  BOOST_TEST(parse_signal("TERM").value() == SIGTERM);
  BOOST_TEST(parse_signal("SIGINT").value() == SIGINT);
  BOOST_TEST(parse_signal("usr1").value() == SIGUSR1);
  BOOST_TEST(parse_signal("15").value() == SIGTERM);
  BOOST_TEST(parse_signal("FOO").error().message ==
             "'FOO' is not a signal; write a name such as TERM or INT, or its number");
}

BOOST_AUTO_TEST_CASE(names_are_short_and_lower_case) {
  for (const auto& text : words{"a", "a-b_9", std::string(63, 'x')})
    BOOST_TEST(check_name(text).has_value());
  for (const auto& text : words{"", "A", "9a", "a b", "a.b", "_a", std::string(64, 'x')}) {
    BOOST_TEST(!check_name(text));
  }
  BOOST_TEST(name_from("My App") == "my_app");
  BOOST_TEST(name_from("7up") == "up");
  BOOST_TEST(name_from("...") == "troupe");
}

BOOST_AUTO_TEST_CASE(commands_are_split_as_a_shell_would) {
  check_words("grep -c 'a b' \"c \\\" d\" e\\ f", {"grep", "-c", "a b", "c \" d", "e f"});
  check_words("  x\t''  ", {"x", ""});
  check_words("x --root=${ROOT:-a b}/c '${Y:?say \"why\"}'",
              {"x", "--root=${ROOT:-a b}/c", "${Y:?say \"why\"}"});
  check_words("a'b'\"c\"", {"abc"});
  check_words("", {});
  BOOST_TEST(split_command("echo 'a").error().message ==
             "unbalanced ' in the command; close the quote, or write the command as a list");
  BOOST_TEST(shell_operator({"a", "&&", "b"}) == "&&");
  BOOST_TEST(shell_operator({"a", "b|c"}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config
