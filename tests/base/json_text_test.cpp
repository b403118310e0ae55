// Goal: what is JSON, and only that, is taken, and what is cut out of it is what was written.
// Method: texts on both sides of each rule of RFC 8259; random texts, there and back.

#include "troupe/base/json_text.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

namespace troupe::json_text {
namespace {

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(json_text_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(every_json_value_is_one) {
  for (const auto* text : {"0",
                           "-0",
                           "10.10",
                           "1e400",
                           "-1.5E+10",
                           "123456789012345678901234567890",
                           "true",
                           "false",
                           "null",
                           "\"\"",
                           "\"\\u00e4 \\\\ \\/ \\n\"",
                           "[]",
                           "{}",
                           " [ ] ",
                           "{ }",
                           "[[], {}, [[1]]]",
                           "{\"a\": {\"b\": [1, 2]}, \"a\": 3}",
                           "\t[1\n,\r2]",
                           "\"\\ud800\"",
                           "{\"\":{}}"}) {
    BOOST_TEST(is_value(text), text);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_json_value_is_none) {
  for (const auto* text : {"",
                           " ",
                           "01",
                           "1.",
                           ".5",
                           "-",
                           "+1",
                           "1e",
                           "1e+",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "tru",
                           "True",
                           "nul",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\u123\"",
                           "\"a\nb\"",
                           "[",
                           "]",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\":1 \"b\":2}",
                           "[}",
                           "{]",
                           "[1}",
                           "1 2",
                           "[1]]",
                           "'a'",
                           "[1]x",
                           "{\"a\":1}{",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\""}) {
    BOOST_TEST(!is_value(text), text);
  }
  BOOST_TEST(!is_value("\"a\0b\""s));
  BOOST_TEST(!is_value("1\0"s));
}

BOOST_AUTO_TEST_CASE(any_depth_is_walked_without_a_stack) {
  constexpr std::size_t depth = 1000000;
  const auto deep = std::string(depth, '[') + std::string(depth, ']');
  BOOST_TEST(is_value(deep));
  BOOST_TEST(!is_value(deep + "]"));
  BOOST_TEST(!is_value(std::string(depth, '[')));
}

BOOST_AUTO_TEST_CASE(members_are_cut_out_as_they_were_written) {
  const auto found =
      members(R"( {"b" : 10.10 , "a":{ "z": 1,  "a":[1e400 ] },"\u0062":"x\u00e4" } )");
  BOOST_REQUIRE(found.has_value());
  BOOST_REQUIRE(found->size() == 3U);
  BOOST_TEST((*found)[0].key == "b");
  BOOST_TEST((*found)[0].value == "10.10");
  BOOST_TEST((*found)[1].value == R"({ "z": 1,  "a":[1e400 ] })");
  BOOST_TEST((*found)[2].key == "b");
  BOOST_TEST((*found)[2].value == R"("x\u00e4")");
  BOOST_TEST(members(" {\t} ")->empty());
  BOOST_TEST(!members("[1]").has_value());
  BOOST_TEST(!members("{\"a\":1} x").has_value());
}

BOOST_AUTO_TEST_CASE(elements_are_cut_out_as_they_were_written) {
  const auto found = elements(R"([ 1.0, [2 ,3], "],[" ,{"a":[]}, null])");
  BOOST_REQUIRE(found.has_value());
  const std::vector<std::string_view> expected{"1.0", "[2 ,3]", "\"],[\"", "{\"a\":[]}", "null"};
  BOOST_TEST(*found == expected, boost::test_tools::per_element());
  BOOST_TEST(elements("[ ]")->empty());
  BOOST_TEST(!elements("{}").has_value());
}

BOOST_AUTO_TEST_CASE(strings_are_decoded_and_quoted) {
  BOOST_TEST(decode(R"("a\"\\\/\b\f\n\r\t\u0041\u00e4\u20ac\ud83d\ude00")").value() ==
             "a\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  BOOST_TEST(decode("\"\\u0000\"").value() == "\0"s);
  for (const auto* half : {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800x")"}) {
    BOOST_TEST(!decode(half).has_value(), half);
  }
  BOOST_TEST(!decode("1").has_value());
  BOOST_TEST(quote("a\"\\\x01\x1f\b\f\n\r\t\x7f\xc3\xa4").value() ==
             "\"a\\\"\\\\\\u0001\\u001f\\b\\f\\n\\r\\t\x7f\xc3\xa4\"");
  BOOST_TEST(!quote("\xff").has_value());
}

BOOST_AUTO_TEST_CASE(what_is_quoted_comes_back) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937 random{seed};
    const std::vector<std::string> pieces{
        "\"", "\\", "\n", "\0"s, "a", "\xc3\xa4", "\x1f", "/", "\xf0\x9f\x98\x80"};
    for (int i = 0; i < 2000; ++i) {
      std::string text;
      for (auto n = random() % 10; n > 0; --n) text += pieces[random() % pieces.size()];
      const auto quoted = quote(text).value();
      BOOST_REQUIRE(is_value(quoted));
      BOOST_REQUIRE(decode(quoted).value() == text);
      BOOST_REQUIRE(elements("[" + quoted + "," + quoted + "]")->at(1) == quoted);
    }
  }
}

BOOST_AUTO_TEST_CASE(only_utf8_is_utf8) {
  BOOST_TEST(is_utf8(""));
  BOOST_TEST(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"));
  for (const auto* bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "a\xff"}) {
    BOOST_TEST(!is_utf8(bad));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::json_text
