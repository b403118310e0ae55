// Goal: an env_file means what its author meant, or is refused where it stands.
// Method: texts as shells, editors and other tools write them are parsed; all in memory.

#include "troupe/config/env_file.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace troupe::config {
namespace {

using namespace std::string_literals;

using entries = std::vector<std::pair<std::string, std::string>>;

entries right(const std::string& text) {
  const auto content = parse_env_file(text);
  for (const auto& one : content.problems) {
    BOOST_ERROR(text << ": " << one.at.line << ":" << one.at.column << ": " << one.message);
  }
  return content.entries;
}

std::string value(const std::string& text) {
  const auto found = right("X=" + text);
  return found.size() == 1 && found[0].first == "X" ? found[0].second : "(not read)";
}

// "line:column: beginning of the message" of the only problem.
void refused(const std::string& text, std::uint32_t line, std::uint32_t column,
             const std::string& begin) {
  const auto content = parse_env_file(text);
  BOOST_REQUIRE_MESSAGE(content.problems.size() == 1,
                        text << ": " << content.problems.size() << " problems");
  const auto& one = content.problems[0];
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(one.at.line == line);
    BOOST_TEST(one.at.column == column);
    BOOST_TEST(one.message.substr(0, begin.size()) == begin);
  }
}

BOOST_AUTO_TEST_SUITE(env_file_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(plain_lines_comments_and_blank_lines_are_read) {
  const auto found = right("A=1\n\n# B=2\n   # C\n  D=4\nE=\nF=a b c\nG=a=b\nH.i-j=5");
  const entries expected{{"A", "1"},     {"D", "4"},   {"E", ""},
                         {"F", "a b c"}, {"G", "a=b"}, {"H.i-j", "5"}};
  BOOST_TEST((found == expected));
}

BOOST_AUTO_TEST_CASE(what_editors_on_windows_add_is_taken_off) {
  const entries expected{{"A", "1"}, {"B", "two words"}, {"C", ""}};
  BOOST_TEST((right("\xef\xbb\xbf"
                    "A=1\r\nB=\"two words\"\r\n\r\nC=\r\n") == expected));
  BOOST_TEST((right("\xef\xbb\xbf"
                    "A=1\r\nB='two words'\r\n#\r\nC=\r") == expected));
}

BOOST_AUTO_TEST_CASE(export_in_front_is_no_part_of_the_name) {
  const entries expected{{"A", "1"}, {"exported", "2"}, {"export", "3"}};
  BOOST_TEST((right("export A=1\nexported=2\nexport=3\n") == expected));
  BOOST_TEST((right("export \t A=1\n").front().first == "A"));
}

BOOST_AUTO_TEST_CASE(quotes_are_no_part_of_the_value) {
  BOOST_TEST(value("'a b'") == "a b");
  BOOST_TEST(value("\"a b\"") == "a b");
  BOOST_TEST(value("''") == "");
  BOOST_TEST(value("'$HOME `x` \\n \"'") == "$HOME `x` \\n \"");
  BOOST_TEST(value(R"("a\"b\\c\$d\`e\nf\rg\th")") == "a\"b\\c$d`e\nf\rg\th");
  BOOST_TEST(value("\"it's # no comment\" # this is") == "it's # no comment");
  BOOST_TEST(value("'one\ntwo\r\nthree'") == "one\ntwo\nthree");
  BOOST_TEST(value("'x'  \t") == "x");
}

BOOST_AUTO_TEST_CASE(bare_values_end_before_a_comment_and_blanks) {
  BOOST_TEST(value("a  \t") == "a");
  BOOST_TEST(value("a # note") == "a");
  BOOST_TEST(value("# note") == "");
  BOOST_TEST(value("a#b") == "a#b");
  BOOST_TEST(value("5$") == "5$");
  BOOST_TEST(value("$$9") == "$$9");
  BOOST_TEST(value("gr\xc3\xbc\xc3\x9f dich") == "gr\xc3\xbc\xc3\x9f dich");
}

BOOST_AUTO_TEST_CASE(what_a_shell_would_do_and_we_do_not_is_refused_where_it_stands) {
  refused("A=1\nB=$HOME/x\n", 2, 3, "nothing is expanded here");
  refused("B=x${HOME}", 1, 4, "nothing is expanded here");
  refused("B=$(date)", 1, 3, "nothing is expanded here");
  refused("B=\"$HOME\"", 1, 4, "nothing is expanded here; write \\$");
  refused("B=`date`", 1, 3, "no command is run here");
  refused("B=\"`date`\"", 1, 4, "no command is run here");
  refused("B=a\\ b", 1, 4, "a backslash");
  refused("B=C:\\x", 1, 5, "a backslash");
  refused("B=a'b'", 1, 4, "a quote in the middle");
  refused("B='a'b", 1, 6, "text behind the closing quote");
  refused("B='a'#b", 1, 6, "text behind the closing quote");
  refused("B=\"\\x\"", 1, 4, "in double quotes a backslash");
}

BOOST_AUTO_TEST_CASE(lines_that_are_no_assignment_are_refused_where_they_stand) {
  refused("nonsense", 1, 1, "expected KEY=VALUE");
  refused("A=1\r\n  export B\r\n", 2, 3, "expected KEY=VALUE");
  refused("=1", 1, 1, "not a name");
  refused("1A=1", 1, 1, "not a name");
  refused("A B=1", 1, 1, "not a name");
  refused("A =1", 1, 1, "remove the blank before");
  refused("A= 1", 1, 3, "remove the blank after");
  refused("A='1\nB=2", 1, 3, "the quote ' is not closed");
  refused("\xc3\xbc=1", 1, 1, "not a name");
  refused("gr\xc3\xbc\xc3\x9f e=1", 1, 1, "not a name");
  refused("A=\"\xc3\xbc\xc3\x9f\\x\"", 1, 6, "in double quotes a backslash"); // Characters.
  refused("A=1\rB=2", 1, 4, "a carriage return in the middle");
  refused("A=a\0b"s, 1, 4, "a variable cannot hold a NUL");
  refused("A='a\0b'"s, 1, 5, "a variable cannot hold a NUL");
}

BOOST_AUTO_TEST_CASE(every_wrong_line_is_told_and_the_right_ones_are_read) {
  const auto content = parse_env_file("A\nB=2\nC=$X\nD=\"4\"\nE=5 6\nF='7");
  BOOST_TEST(content.problems.size() == 3U);
  const entries expected{{"B", "2"}, {"D", "4"}, {"E", "5 6"}};
  BOOST_TEST((content.entries == expected));
}

BOOST_AUTO_TEST_CASE(any_value_in_single_quotes_comes_back_as_it_was) {
  std::random_device seed_source;
  const auto seed = seed_source();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, ' ');
    for (auto& c : text) c = static_cast<char>(1 + random() % 255);
    std::erase(text, '\'');
    std::erase(text, '\r');
    BOOST_TEST(value("'" + text + "'") == text, "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_are_read_or_refused_and_nothing_else) {
  std::random_device seed_source;
  const auto seed = seed_source();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  constexpr std::string_view alphabet = "AB=\"'\\$`# \t\r\nexport\xef\xbb\xbf{}(";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 60, ' ');
    for (auto& c : text) c = alphabet[random() % alphabet.size()];
    const auto content = parse_env_file(text);
    for (const auto& [name, one] : content.entries) {
      BOOST_REQUIRE(!name.empty() && name.find('=') == std::string::npos);
      BOOST_REQUIRE(one.find('\0') == std::string::npos);
    }
    for (const auto& one : content.problems) BOOST_REQUIRE(one.at.line > 0 && one.at.column > 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::config
