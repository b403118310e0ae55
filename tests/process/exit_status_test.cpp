// Goal: exits and signals are told in words that can be read and read back.
// Method: pure values.

#include "troupe/process/exit_status.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

namespace troupe {
namespace {

BOOST_AUTO_TEST_SUITE(exit_status_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(code_143_is_not_signal_15) {
  BOOST_TEST((exit_status::exited_with(143) != exit_status::killed_by(SIGTERM)));
  BOOST_TEST(to_string(exit_status::exited_with(143)) == "exit code 143");
  BOOST_TEST(to_string(exit_status::killed_by(SIGTERM)) == "signal TERM");
  BOOST_TEST(to_string(exit_status::killed_by(SIGSEGV, true)) == "signal SEGV (core dumped)");
  BOOST_TEST(to_string(exit_status::unknown()) == "unknown exit");
}

BOOST_AUTO_TEST_CASE(wait_status_is_read) {
  BOOST_TEST((from_wait_status(3 << 8) == exit_status::exited_with(3)));
  BOOST_TEST((from_wait_status(SIGKILL) == exit_status::killed_by(SIGKILL)));
  BOOST_TEST((from_wait_status(SIGABRT | 0x80) == exit_status::killed_by(SIGABRT, true)));
  BOOST_TEST(from_wait_status(0x137f).is_unknown()); // Stopped, which is no end.
}

BOOST_AUTO_TEST_CASE(every_signal_name_is_read_back) {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    BOOST_TEST((signal_from_name(signal_name(signal)) == signal));
  }
}

BOOST_AUTO_TEST_CASE(signals_are_read_in_all_spellings) {
  for (const auto* text : {"TERM", "SIGTERM", "term", "SigTerm", "15"}) {
    BOOST_TEST((signal_from_name(text) == SIGTERM));
  }
  BOOST_TEST((signal_from_name("RTMIN+1") == SIGRTMIN + 1));
  BOOST_TEST((signal_from_name("RTMAX-1") == SIGRTMAX - 1));
  for (const auto* text : {"", "SIG", "TERMINATE", "0", "-9", "99", "RTMIN+99", "RTMIN-1", "9 "}) {
    BOOST_TEST(!signal_from_name(text).has_value());
  }
}

BOOST_AUTO_TEST_CASE(record_is_one_line) {
  exit_record record;
  record.name = "parse/2";
  record.pid = 4711;
  record.status = exit_status::exited_with(3);
  BOOST_TEST(to_string(record) == "worker parse/2 (pid 4711) ended with exit code 3");
  record.status = exit_status::unknown();
  BOOST_TEST(to_string(record) == "worker parse/2 (pid 4711) is gone, nobody could read how");
  record.status = exit_status::killed_by(SIGKILL);
  BOOST_TEST(to_string(record) == "worker parse/2 (pid 4711) died of signal KILL");
}

BOOST_AUTO_TEST_CASE(record_names_the_first_frame_with_a_line) {
  exit_record record;
  record.name = "parse/2";
  record.pid = 4711;
  record.status = exit_status::killed_by(SIGABRT);
  record.stack = {"#0 raise", "#1 abort",
                  "#2 parse_line(std::string const&) at /src/parser.cpp:12"};
  BOOST_TEST(to_string(record) ==
             "worker parse/2 (pid 4711) died of signal ABRT in parse_line (parser.cpp:12)");
  record.stack = {"#0 libc.so.6+0x123"};
  BOOST_TEST(to_string(record) ==
             "worker parse/2 (pid 4711) died of signal ABRT in libc.so.6+0x123");
  record.stack = {"#0 (anonymous namespace)::f(int) at a.cpp:1"};
  BOOST_TEST(to_string(record).ends_with("f (a.cpp:1)"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
