// Goal: what workers print never holds up a pool, reaches a slow reader whole, and a reader who
// never comes is counted.
// Method: real pools whose stdout or stderr is a pipe of the test; sinks that block and call back.

#include "e2e/tasks.hpp"
#include "support/redirected.hpp"
#include "troupe/pool.hpp"
#include "troupe/runtime/sinks.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::redirected;

int print_lines(int count, int descriptor) {
  auto* const to = descriptor == 1 ? stdout : stderr;
  for (int i = 0; i < count; ++i) std::fprintf(to, "%d 0123456789012345678901234567890123\n", i);
  std::fflush(to);
  return count;
}
int print_and_die(int count) {
  print_lines(count, 1);
  ::_exit(3);
}

long count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

BOOST_AUTO_TEST_SUITE(output, *boost::unit_test::timeout(120))

// W3: the reactor waited in fwrite; no death, limit or new pool was noticed.
BOOST_FIXTURE_TEST_CASE(deaths_are_noticed_while_nobody_reads, clean_world) {
  for (const int number : {1, 2}) {
    redirected unread{number, 4096};
    std::thread reader;
    {
      pool printers{{.replicas = 2}};
      BOOST_TEST(printers.apply(print_lines, 20'000, number) == 20'000);
      BOOST_CHECK_THROW(printers.apply(test::exit_with, 3), worker_lost);
      pool other{{.replicas = 1}};
      BOOST_TEST(other.apply(test::square, 3) == 9);
      BOOST_CHECK_THROW(other.submit_with({.timeout = 1ms}, test::loop_for_ever).get(),
                        task_timeout_error);
      // What is left is read, so that the end has nobody to wait for.
      reader = std::thread{[&] { (void)unread.read_all(); }};
    }
    unread.restore();
    reader.join();
  }
}

// W3: more than any buffer holds.
BOOST_FIXTURE_TEST_CASE(workers_go_on_when_a_reader_never_comes, clean_world) {
  redirected to_out{1, 4096};
  redirected to_err{2};
  {
    pool pool{{.replicas = 2}};
    const auto first = pool.submit(print_lines, 300'000, 1);
    const auto second = pool.submit(print_lines, 300'000, 1);
    BOOST_TEST(first.get() + second.get() == 600'000);
    BOOST_CHECK_THROW(pool.apply(test::exit_with, 3), worker_lost);
  }
  to_err.restore();
  BOOST_TEST(to_err.read_all().find("dropped: nobody reads stdout") != std::string::npos);
}

// W4: 1296 of 20 000 lines arrived.
BOOST_FIXTURE_TEST_CASE(a_reader_that_comes_late_gets_every_line, clean_world) {
  constexpr int count = 300'000; // More than may wait: the worker is made to pause.
  redirected to_out{1, 4096};
  to_out.make_non_blocking();
  auto text = std::async(std::launch::async, [&] { return to_out.read_all(); });
  {
    pool pool{{.replicas = 1}};
    BOOST_TEST(pool.apply(print_lines, count, 1) == count);
    BOOST_CHECK_THROW(pool.apply(print_and_die, 1000), worker_lost);
  }
  to_out.restore();
  const auto got = text.get();
  BOOST_TEST(count_lines(got) == count + 1000);
  BOOST_TEST(got.ends_with("] 999 0123456789012345678901234567890123\n"));
}

BOOST_FIXTURE_TEST_CASE(a_sink_may_use_the_pool_that_prints, clean_world) {
  std::promise<int> answer;
  pool pool{{.replicas = 2}};
  set_output_sink([&](std::string_view, output_stream, std::string_view) {
    set_output_sink([](std::string_view, output_stream, std::string_view) {});
    answer.set_value(pool.apply(test::square, 5));
  });
  BOOST_TEST(pool.apply(print_lines, 3, 1) == 3);
  BOOST_TEST(answer.get_future().get() == 25);
  set_output_sink({});
}

BOOST_FIXTURE_TEST_CASE(a_sink_that_blocks_delays_lines_and_nothing_else, clean_world) {
  std::promise<void> gate;
  std::vector<std::string> lines;
  std::promise<void> entered;
  set_output_sink([&](std::string_view, output_stream, std::string_view line) {
    if (lines.empty()) {
      entered.set_value();
      gate.get_future().wait();
    }
    lines.emplace_back(line);
  });
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.apply(print_lines, 1, 1) == 1);
  entered.get_future().wait();
  for (int i = 0; i < 3; ++i) BOOST_CHECK_THROW(pool.apply(print_and_die, 10), worker_lost);
  BOOST_TEST(pool.apply(test::square, 5) == 25);
  gate.set_value();
  set_output_sink({}); // Waits until the old one has what is its own.
  BOOST_TEST(lines.size() == 31u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
