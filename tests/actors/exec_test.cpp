// Goal: commands in any language answer messages, and their deaths, floods and nonsense neither
// hang the worker nor lose or double a message.
// Method: exec and exec_stream are driven job by job with a real child, `talker`.

#include "driver.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using nlohmann::json;
using lines = std::vector<std::string>;

json talk(const std::string& mode, const std::string& argument = "") {
  return {{"command", {TALKER, mode, argument}}};
}

json envelopes(const std::string& mode, const std::string& codec = "string") {
  auto config = talk(mode);
  config["mode"] = "envelope";
  config["input_codec"] = config["output_codec"] = codec;
  return config;
}

lines count_up(int count, const std::string& before = "") {
  lines all;
  for (int i = 0; i < count; ++i) all.push_back(before + std::to_string(i));
  return all;
}

BOOST_AUTO_TEST_SUITE(exec_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(one_line_out_for_each_line_in) {
  driver one;
  BOOST_TEST(one.open("exec", talk("echo")).failed.empty());
  BOOST_TEST(one.batch(count_up(200)).outputs == count_up(200, ">"),
             boost::test_tools::per_element());
  BOOST_TEST(one.batch({"", "x"}).outputs == (lines{">", ">x"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(full_pipes_on_both_sides_do_not_lock_up) {
  driver one;
  one.open("exec", talk("echo"));
  const lines big(200, std::string(20000, 'z'));
  const auto got = one.batch(big);
  BOOST_TEST(got.outputs.size() == 200U);
  BOOST_TEST(got.outputs.back().size() == 20001U);
}

BOOST_AUTO_TEST_CASE(command_that_cannot_run_is_told_in_the_words_of_services) {
  scratch_folder folder;
  folder.write("windows", "#!/bin/sh\r\ncat\r\n");
  folder.write("nowhere", "#!/no/such/shell\n");
  folder.write("plain", "text");
  folder.write("text", "no program");
  for (const auto* name : {"windows", "nowhere", "text"}) {
    std::filesystem::permissions(folder / name, std::filesystem::perms::owner_all);
  }
  for (const auto* worker : {"exec", "exec_stream"}) {
    const auto told = [&](const std::string& program) {
      return driver{}.open(worker, {{"command", {program}}}).failed;
    };
    BOOST_TEST(told(folder / "windows").find("line ends of Windows") != std::string::npos);
    BOOST_TEST(told(folder / "nowhere").find("interpreter or loader") != std::string::npos);
    BOOST_TEST(told(folder / "plain").find("it is not executable") != std::string::npos);
    BOOST_TEST(told(folder / "text").find("neither a program") != std::string::npos);
    BOOST_TEST(told(folder / "nothing").find("No such file") != std::string::npos);
    BOOST_TEST(told(folder.path()).find("it is a directory") != std::string::npos);
    BOOST_TEST(told("no-such-program").find("not found in PATH") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(message_with_a_line_feed_is_refused_for_good) {
  driver one;
  one.open("exec", talk("echo"));
  const auto got = one.batch({"a", "b\nc", "d"});
  BOOST_TEST(got.outputs == (lines{">a", ">d"}), boost::test_tools::per_element());
  BOOST_TEST(got.errors.size() == 1U);
  BOOST_TEST(got.final_errors.at(0));
}

BOOST_AUTO_TEST_CASE(death_of_the_command_fails_only_the_message_it_died_of) {
  for (const auto* mode : {"die", "hoard"}) {
    driver one;
    one.open("exec", talk(mode, "37"));
    const auto got = one.batch(count_up(60));
    BOOST_TEST(got.consumed == 60U);
    auto expected = count_up(60, ">");
    expected.erase(expected.begin() + 37);
    BOOST_TEST(got.outputs == expected, boost::test_tools::per_element());
    BOOST_REQUIRE(got.errors.size() == 1U);
    BOOST_TEST(got.errors[0].find("signal ABRT") != std::string::npos);
    BOOST_TEST(!got.final_errors[0]);
    BOOST_TEST(one.batch({"38"}).outputs.at(0) == ">38");
  }
}

BOOST_AUTO_TEST_CASE(command_that_cannot_be_started_is_named) {
  driver one;
  const auto open = [&](const std::string& program) {
    return one.open("exec", {{"command", {program}}}).failed;
  };
  BOOST_TEST(open("no-such-program").find("'no-such-program': not found in PATH") !=
             std::string::npos);
  BOOST_TEST(open("/no/such").find("'/no/such'") != std::string::npos);
  BOOST_TEST(one.open("exec", json::object()).failed.find("config.command is empty") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(command_that_always_fails_gives_its_exit_code) {
  driver one;
  one.open("exec", talk("read", "3"));
  const auto got = one.batch({"a"});
  BOOST_REQUIRE(got.errors.size() == 1U);
  BOOST_TEST(got.errors[0].find("exit code 3") != std::string::npos);
}

// Not one message is given up for it.
BOOST_AUTO_TEST_CASE(command_that_cannot_begin_fails_the_pipeline) {
  for (const auto* const mode : {"request_reply", "envelope"}) {
    for (const auto& command : {lines{TALKER, "fail", "3"}, lines{"sh", "-c", "no-such-command"},
                                lines{"sh", "-c", "read x; exit 126"}}) {
      for (const int count : {1, 7}) {
        driver one;
        one.open("exec", {{"command", command}, {"mode", mode}, {"max_attempts", 3}});
        std::string failed;
        for (int i = 0; i < 3 && failed.empty(); ++i) {
          const auto got = one.batch(count_up(count));
          failed = got.failed;
          if (command.back() != "read x; exit 126") BOOST_TEST(got.errors.empty());
        }
        BOOST_TEST(failed.find("exit code") != std::string::npos, failed);
        BOOST_TEST(failed.find("3 times in a row") != std::string::npos, failed);
      }
    }
  }
}

// It may mean to refuse them; but not a million of them, and without a look.
BOOST_AUTO_TEST_CASE(command_that_never_does_anything_fails_the_pipeline_in_the_end) {
  for (const auto* const code : {"0", "1"}) {
    driver one;
    one.open("exec", talk("fail", code));
    BOOST_TEST(one.batch({"a"}).errors.size() == 1U);
    std::string failed;
    for (int i = 0; i < 100 && failed.empty(); ++i) failed = one.batch({"a"}).failed;
    BOOST_TEST(failed.find("100 times in a row") != std::string::npos, failed);
  }
}

BOOST_AUTO_TEST_CASE(command_that_began_once_may_fail_later) {
  driver one;
  one.open("exec", {{"command", {"sh", "-c", "read x; echo $x; exit 127"}}, {"max_attempts", 3}});
  for (int i = 0; i < 9; ++i) BOOST_TEST(one.batch({"a"}).outputs == lines{"a"});
}

BOOST_AUTO_TEST_CASE(reply_of_a_command_that_has_read_nothing_is_none) {
  driver one;
  one.open("exec", talk("usage", "2"));
  auto troubles = one.batch({"a"}).troubles;
  troubles += one.finish().troubles;
  BOOST_TEST(troubles.surplus > 0U);
}

BOOST_AUTO_TEST_CASE(envelopes_carry_errors_and_any_number_of_outputs) {
  driver one;
  one.open("exec", envelopes("envelope"));
  const auto got = one.batch({"a", "no", "two", "never", "none", "\"q\\"});
  BOOST_TEST(got.outputs == (lines{"a", "two-1", "two-2", "\"q\\"}),
             boost::test_tools::per_element());
  BOOST_TEST(got.errors == (lines{"said no", "said never"}), boost::test_tools::per_element());
  BOOST_TEST(got.final_errors == (std::vector<bool>{false, true}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(envelopes_may_come_in_any_order) {
  driver one;
  one.open("exec", envelopes("swap"));
  BOOST_TEST(one.batch(count_up(100)).outputs == count_up(100), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(json_messages_stay_json) {
  driver one;
  one.open("exec", envelopes("envelope", "json"));
  const auto got = one.batch({R"({"a":1})", "not json", "3"});
  BOOST_TEST(got.outputs == (lines{R"({"a":1})", "3"}), boost::test_tools::per_element());
  BOOST_TEST(got.errors.at(0) == "the message is not JSON");
}

BOOST_AUTO_TEST_CASE(numbers_keys_and_blanks_pass_through_as_they_are) {
  const lines written{
      "123456789012345678901", "10.10", "1e400", "-0", R"({ "z":1.0,  "a" :[1e5 ], "z":2})",
      R"("\u00e4\/")",         "null"};
  driver one;
  one.open("exec", envelopes("envelope", "json"));
  BOOST_TEST(one.batch(written).outputs == written, boost::test_tools::per_element());
  // The same as the elements of a list, where each is a message of its own.
  driver list;
  auto config = envelopes("say", "json");
  config["command"][2] = "[ " + written[0] + " , " + written[4] + ",1e400]";
  list.open("exec", config);
  BOOST_TEST(list.batch({"1"}).outputs == (lines{written[0], written[4], "1e400"}),
             boost::test_tools::per_element());
  // Into a channel of strings: what is no string is its own text.
  driver text;
  config["output_codec"] = "string";
  text.open("exec", config);
  BOOST_TEST(text.batch({"1"}).outputs == (lines{written[0], written[4], "1e400"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(data_that_is_no_text_fails_its_message_at_once) {
  driver one;
  auto config = envelopes("say");
  config["command"][2] = R"("\ud800")";
  one.open("exec", config);
  const auto got = one.batch({"a"});
  BOOST_TEST(got.outputs.empty());
  BOOST_TEST(got.errors.at(0).find("surrogate") != std::string::npos);
  BOOST_TEST(got.final_errors.at(0));
}

BOOST_AUTO_TEST_CASE(lines_that_answer_nothing_are_borne_for_a_while) {
  driver one;
  one.open("exec", envelopes("chatter"));
  const auto got = one.batch(count_up(5));
  BOOST_TEST(got.outputs == count_up(5), boost::test_tools::per_element());
  BOOST_TEST(got.troubles.protocol_errors == 5U);
}

BOOST_AUTO_TEST_CASE(answer_that_comes_again_is_never_taken_for_another) {
  driver one;
  one.open("exec", envelopes("twice"));
  lines got;
  pipeline::trouble_counts troubles;
  for (int i = 0; i < 60; ++i) {
    const auto some = one.batch({std::to_string(i)});
    got.insert(got.end(), some.outputs.begin(), some.outputs.end());
    troubles += some.troubles;
  }
  // After so many the command is replaced, and the message that it had is tried again.
  BOOST_TEST(got == count_up(60), boost::test_tools::per_element());
  BOOST_TEST(troubles.protocol_errors >= 50U);
  BOOST_TEST(troubles.restarts >= 4U);
  BOOST_TEST(one.batch(count_up(5)).outputs == count_up(5), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(answer_to_a_message_that_was_never_sent_is_counted) {
  driver one;
  one.open("exec", envelopes("stray"));
  const auto got = one.batch(count_up(5));
  BOOST_TEST(got.outputs == count_up(5), boost::test_tools::per_element());
  BOOST_TEST(got.troubles.protocol_errors == 5U);
}

BOOST_AUTO_TEST_CASE(reply_too_many_spoils_no_other_message) {
  driver one;
  one.open("exec", talk("double", "b"));
  BOOST_TEST(one.batch({"a"}).outputs == lines{">a"}, boost::test_tools::per_element());
  // Nobody can say which of the two is the reply.
  const auto got = one.batch({"b"});
  BOOST_TEST(got.outputs.empty());
  BOOST_REQUIRE(got.errors.size() == 1U);
  BOOST_TEST(got.errors[0].find("wrote more lines than it was given") != std::string::npos);
  BOOST_TEST(got.troubles.protocol_errors == 1U);
  BOOST_TEST(got.troubles.restarts == 1U);
  BOOST_TEST(one.batch({"c", "d"}).outputs == (lines{">c", ">d"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_line_too_many_is_found_at_the_end_if_not_before) {
  for (const auto& [mode, text] : {std::pair{"banner", "hello"}, std::pair{"parting", "bye"},
                                   std::pair{"double", "x"}, std::pair{"parting", ""}}) {
    driver one;
    one.open("exec", talk(mode, text));
    auto troubles = one.batch({"x"}).troubles;
    troubles += one.finish().troubles;
    BOOST_TEST(troubles.surplus > 0U, mode);
  }
}

BOOST_AUTO_TEST_CASE(a_command_that_replies_once_to_each_says_nothing_at_the_end) {
  driver one;
  one.open("exec", talk("echo"));
  for (int i = 0; i < 2; ++i) { // It can go on after the end.
    BOOST_TEST(one.batch({"a", "", "b"}).outputs == (lines{">a", ">", ">b"}),
               boost::test_tools::per_element());
    const auto last = one.finish();
    BOOST_TEST(last.failed == "");
    BOOST_TEST((last.troubles == pipeline::trouble_counts{}));
  }
  driver idle;
  idle.open("exec", talk("echo"));
  BOOST_TEST(idle.finish().failed == "");
}

BOOST_AUTO_TEST_CASE(a_line_of_an_envelope_command_at_its_end_is_told_and_puts_nothing_in_doubt) {
  driver one;
  one.open("exec", envelopes("chatter"));
  one.batch({"a"});
  driver other;
  auto config = envelopes("parting");
  config["command"][2] = "bye";
  other.open("exec", config);
  const auto last = other.finish();
  BOOST_TEST(last.troubles.protocol_errors == 1U);
  BOOST_TEST(last.troubles.surplus == 0U);
}

BOOST_AUTO_TEST_CASE(a_command_that_always_replies_too_often_fails_the_pipeline) {
  driver one;
  one.open("exec", talk("double", "x"));
  std::string failed;
  for (int i = 0; i < 100 && failed.empty(); ++i) failed = one.batch({"x"}).failed;
  BOOST_TEST(failed.find("10 times") != std::string::npos);
  BOOST_TEST(failed.find("mode: envelope") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_last_reply_needs_no_line_feed_if_its_command_ends_well) {
  driver one;
  one.open("exec", talk("open"));
  BOOST_TEST(one.batch({"a", "last"}).outputs == (lines{">a", ">last"}),
             boost::test_tools::per_element());
  BOOST_TEST(one.finish().troubles.surplus == 0U);
}

BOOST_AUTO_TEST_CASE(a_reply_that_was_cut_off_is_none) {
  driver one;
  one.open("exec", talk("cut"));
  const auto got = one.batch({"a", "last"});
  BOOST_TEST(got.outputs == lines{">a"}, boost::test_tools::per_element());
  BOOST_REQUIRE(got.errors.size() == 1U);
  BOOST_TEST(got.errors[0].find("signal ABRT") != std::string::npos);
  BOOST_TEST(got.troubles.surplus == 0U);
}

BOOST_AUTO_TEST_CASE(deliveries_of_a_poison_message_are_counted_as_they_were) {
  for (const int allowed : {1, 2, 3}) {
    for (const std::size_t others : {std::size_t{0}, std::size_t{7}}) {
      const scratch_folder folder;
      driver one;
      auto config = talk("toll", folder / "toll");
      config["max_attempts"] = allowed;
      one.open("exec", config);
      auto messages = count_up(static_cast<int>(others));
      messages.insert(messages.begin() + static_cast<std::ptrdiff_t>(others / 2), "poison");
      const auto got = one.batch(messages);
      BOOST_TEST(got.outputs == count_up(static_cast<int>(others), ">"),
                 boost::test_tools::per_element());
      const auto text = content_of(folder / "toll");
      std::uint32_t delivered = 0;
      for (std::size_t at = 0; (at = text.find("poison", at)) != std::string::npos; ++at)
        ++delivered;
      BOOST_REQUIRE(got.attempts.size() == 1U);
      BOOST_TEST(got.attempts[0] == delivered);
      BOOST_TEST(delivered <= static_cast<std::uint32_t>(allowed));
    }
  }
}

BOOST_AUTO_TEST_CASE(filter_gives_any_lines) {
  driver one;
  one.open("exec_stream", talk("match", "7"));
  const auto first = one.batch(count_up(100));
  BOOST_TEST(first.state.has_value());
  const auto rest = one.finish();
  BOOST_TEST(first.outputs.size() + rest.outputs.size() == 19U);
  driver none;
  none.open("exec_stream", talk("match", "x"));
  none.batch(count_up(10));
  BOOST_TEST(none.finish().failed.empty()); // grep's 1 is no failure.
}

BOOST_AUTO_TEST_CASE(line_that_a_filter_has_not_ended_when_it_fails_is_lost_and_counted) {
  driver well;
  well.open("exec_stream", talk("open"));
  auto got = well.batch({"a", "last"}).outputs;
  for (const auto& each : well.finish().outputs) got.push_back(each);
  BOOST_TEST(got == (lines{">a", ">last"}), boost::test_tools::per_element());
  driver badly;
  badly.open("exec_stream", talk("cut"));
  auto first = badly.batch({"a", "last"});
  const auto rest = badly.finish();
  first.outputs.insert(first.outputs.end(), rest.outputs.begin(), rest.outputs.end());
  BOOST_TEST(first.outputs == lines{">a"}, boost::test_tools::per_element());
  first.troubles += rest.troubles;
  BOOST_TEST(first.troubles.lost == 1U);
}

BOOST_AUTO_TEST_CASE(filter_that_has_enough_ends_the_work) {
  driver one;
  one.open("exec_stream", talk("head", "5"));
  lines got;
  for (int i = 0; i < 200; ++i) {
    const auto some = one.batch(lines(100, std::string(1000, 'l')));
    got.insert(got.end(), some.outputs.begin(), some.outputs.end());
  }
  const auto rest = one.finish();
  BOOST_TEST(got.size() + rest.outputs.size() == 5U);
}

BOOST_AUTO_TEST_CASE(filter_that_floods_before_it_reads_does_not_lock_up) {
  driver one;
  one.open("exec_stream", talk("flood", "500"));
  std::size_t got = 0;
  for (int i = 0; i < 100; ++i) got += one.batch(lines(10, std::string(2000, 'l'))).outputs.size();
  BOOST_TEST(got + one.finish().outputs.size() == 1500U);
}

BOOST_AUTO_TEST_CASE(filter_that_fails_again_and_again_fails_the_pipeline) {
  driver one;
  one.open("exec_stream", talk("fail", "2"));
  std::string failed;
  for (int i = 0; i < 1000 && failed.empty(); ++i) {
    failed = one.batch(lines(100, std::string(1000, 'l'))).failed;
  }
  BOOST_TEST(failed.find("exit code 2") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::test
