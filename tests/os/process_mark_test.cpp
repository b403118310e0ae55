// Goal: processes are found by an entry of their environment, exactly, and held safely.
// Method: children of the test with chosen environments.

#include "troupe/os/process_mark.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {
namespace {

// A shell that waits for the end of its stdin, with this environment; known to run by its word.
struct marked_child {
  explicit marked_child(std::vector<std::string> environment) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    BOOST_TEST_REQUIRE(::pipe(in.data()) == 0);
    BOOST_TEST_REQUIRE(::pipe(out.data()) == 0);
    pid = ::fork();
    if (pid == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int number : {in[0], in[1], out[0], out[1]}) ::close(number);
      std::vector<char*> entries;
      for (auto& entry : environment) entries.push_back(entry.data());
      entries.push_back(nullptr);
      ::execle("/bin/sh", "sh", "-c", "echo runs; read line", nullptr, entries.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    hold = in[1];
    char letter = 0;
    BOOST_TEST(::read(out[0], &letter, 1) == 1);
    ::close(out[0]);
  }
  ~marked_child() {
    ::close(hold);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  marked_child(const marked_child&) = delete;
  marked_child& operator=(const marked_child&) = delete;
  int pid = 0;
  int hold = 0;
};

std::vector<int> found(const std::string& entry) {
  std::vector<int> out;
  for (const auto& one : find_marked_processes(entry)) out.push_back(one.pid);
  std::sort(out.begin(), out.end());
  return out;
}

BOOST_AUTO_TEST_SUITE(process_mark_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(marks_differ) {
  BOOST_TEST(make_process_mark() != make_process_mark());
}

BOOST_AUTO_TEST_CASE(the_whole_entry_counts_wherever_it_stands) {
  const auto mark = make_process_mark();
  const auto entry = "MARK=" + mark;
  const marked_child first{{entry, "B=2"}};
  const marked_child last{{"A=1", entry}};
  const marked_child far{{std::string(100'000, 'x'), entry}};
  const marked_child longer{{entry + "0"}};
  const marked_child other_name{{"X" + entry}};
  const marked_child without{{}};
  std::vector<int> wanted{first.pid, last.pid, far.pid};
  std::sort(wanted.begin(), wanted.end());
  BOOST_TEST(found(entry) == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_the_process_changes_later_does_not_count) {
  const auto entry = "MARK=" + make_process_mark();
  ::putenv(const_cast<char*>(entry.c_str()));
  const int copy = ::fork(); // Of a program that was started without it.
  if (copy == 0) {
    for (;;) ::pause();
  }
  BOOST_TEST(found(entry).empty());
  ::kill(copy, SIGKILL);
  ::waitpid(copy, nullptr, 0);
  ::unsetenv("MARK");
}

BOOST_AUTO_TEST_CASE(the_dead_are_not_found_and_a_handle_is_for_one_process_only) {
  const auto entry = "MARK=" + make_process_mark();
  const marked_child child{{entry}};
  const auto handles = find_marked_processes(entry);
  BOOST_TEST_REQUIRE(handles.size() == 1U);
  handles[0].handle.signal(SIGKILL);
  BOOST_TEST(handles[0].handle.wait_exited(deadline::never()));
  BOOST_TEST(found(entry).empty()); // Not reaped yet.
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
