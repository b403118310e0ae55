// Goal: what a child writes arrives line by line and complete, and never holds up the news of its
// end.
// Method: the pure splitter on pieces; puppets that write and die.

#include "support/launch_fixture.hpp"

#include "troupe/process/detail/output_lines.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

namespace troupe {
namespace {

using test::launch_fixture;
using lines = std::vector<std::string>;

lines split(std::size_t limit, const lines& pieces) {
  lines out;
  detail::output_lines splitter{limit, [&](std::string_view line) { out.emplace_back(line); }};
  for (const auto& piece : pieces) splitter.feed(piece);
  splitter.finish();
  return out;
}

// Leaves a grandchild that holds both pipes open and writes to one of them.
int leaves_a_writer(std::span<os::fd>, std::span<const std::byte>) {
  std::puts("before");
  std::fflush(stdout);
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    for (;;) static_cast<void>(!::write(STDOUT_FILENO, "x\n", 2)); // Until nobody reads it.
  }
  return 0;
}

BOOST_AUTO_TEST_SUITE(output_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(lines_are_joined_over_pieces) {
  BOOST_TEST((split(10, {"a", "b\nc", "d\n"}) == lines{"ab", "cd"}));
  BOOST_TEST((split(10, {"\n\n"}) == lines{"", ""}));
  BOOST_TEST((split(10, {}) == lines{}));
}

BOOST_AUTO_TEST_CASE(last_line_without_end_is_given) {
  BOOST_TEST((split(10, {"a\nb"}) == lines{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(long_line_comes_in_pieces) {
  BOOST_TEST((split(4, {"abcd\n"}) == lines{"abcd"}));
  BOOST_TEST((split(4, {"abcde\n"}) == lines{"abcd", "e"}));
  BOOST_TEST((split(4, {"ab", "cd", "ef", "\n"}) == lines{"abcd", "ef"}));
  BOOST_TEST((split(4, {"abcd", "\n"}) == lines{"abcd"}));
}

BOOST_AUTO_TEST_CASE(every_way_to_cut_gives_the_same_lines) {
  const std::string text = "one\n\ntwo three\nfour";
  const auto whole = split(5, {text});
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (auto second = first; second <= text.size(); ++second) {
      BOOST_TEST((split(5, {text.substr(0, first), text.substr(first, second - first),
                            text.substr(second)}) == whole));
    }
  }
}

BOOST_FIXTURE_TEST_CASE(both_streams_arrive_before_the_exit, launch_fixture) {
  const auto out = start_command({TROUPE_PUPPET, "echo", "one", "two"});
  BOOST_TEST(out->exited().status.is_success());
  BOOST_TEST((out->out() == lines{"one", "two"}));
  const auto err = start_command({TROUPE_PUPPET, "err", "bad", "worse"});
  BOOST_TEST((err->exited().stderr_tail == lines{"bad", "worse"}));
  BOOST_TEST((err->err() == lines{"bad", "worse"}));
}

BOOST_FIXTURE_TEST_CASE(unterminated_and_long_lines_arrive, launch_fixture) {
  const auto partial = start_command({TROUPE_PUPPET, "partial"});
  partial->exited();
  BOOST_TEST((partial->out() == lines{"no end"}));
  const auto length = output_line_bytes_max + 10;
  const auto longer = start_command({TROUPE_PUPPET, "long", std::to_string(length)});
  longer->exited();
  BOOST_TEST_REQUIRE(longer->out().size() == 2);
  BOOST_TEST(longer->out()[0].size() == output_line_bytes_max);
  BOOST_TEST(longer->out()[1].size() == 10);
}

BOOST_FIXTURE_TEST_CASE(only_the_last_lines_of_stderr_are_kept, launch_fixture) {
  std::vector<std::string> argv{TROUPE_PUPPET, "err"};
  for (int i = 0; i < 50; ++i) argv.push_back(std::to_string(i));
  const auto tail = start_command(argv)->exited().stderr_tail;
  BOOST_TEST_REQUIRE(tail.size() == 20);
  BOOST_TEST(tail.front() == "30");
  BOOST_TEST(tail.back() == "49");
}

BOOST_FIXTURE_TEST_CASE(discarded_output_is_not_told, launch_fixture) {
  const auto run = start_command({TROUPE_PUPPET, "echo", "one"}, {.out = output_mode::discard});
  BOOST_TEST(run->exited().status.is_success());
  BOOST_TEST(run->out().empty());
}

BOOST_FIXTURE_TEST_CASE(grandchild_that_holds_the_pipe_does_not_delay_the_exit, launch_fixture) {
  const auto worker = start_worker(leaves_a_writer);
  BOOST_TEST(worker->exited().status.is_success());
  BOOST_TEST_REQUIRE(!worker->out().empty());
  BOOST_TEST(worker->out()[0] == "before");
}

BOOST_FIXTURE_TEST_CASE(flood_does_not_starve_the_others, launch_fixture) {
  const auto flood = start_command({TROUPE_PUPPET, "flood"});
  BOOST_TEST_REQUIRE(flood->started());
  BOOST_TEST(start_command({TROUPE_PUPPET, "echo", "x"})->exited().status.is_success());
  flood->started()->signal(SIGKILL, signal_scope::group);
  BOOST_TEST((flood->exited().status == exit_status::killed_by(SIGKILL)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
