// Goal: nobody but the writer's thread ever waits for a reader or a sink; nothing is lost to a slow
// reader, and what is lost to one that never reads is counted and told.
// Method: writers with small bounds whose stdout and stderr are pipes of the test.

#include "support/redirected.hpp"
#include "troupe/process/output_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace {
// A forked copy, in which the objects of other threads' stacks cannot be reached any more.
bool is_copy = false;
} // namespace

#if defined(__SANITIZE_ADDRESS__)
extern "C" int __lsan_is_turned_off() {
  return is_copy ? 1 : 0;
}
#endif

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::redirected;

constexpr auto out = output_stream::out;
constexpr auto err = output_stream::err;

// A reader counts as gone after a moment.
constexpr output_limits small{.pause_bytes = 16 * 1024,
                              .waiting_bytes_max = 32 * 1024,
                              .stall = 20ms,
                              .flush = 20s,
                              .tell = 1ms};

constexpr output_limits patient{.pause_bytes = 16 * 1024, .waiting_bytes_max = 32 * 1024};

void ignore_room() {}

// Sinks must live for ever: a writer that nobody waits for may still look at them.
output_sinks& new_sinks() {
  static std::vector<std::unique_ptr<output_sinks>> all;
  return *all.emplace_back(std::make_unique<output_sinks>());
}

long count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

// The sum of N in all "N lines dropped".
long count_dropped(const std::string& text) {
  long sum = 0;
  const std::string mark = "troupe: ";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto end = text.find('\n', at);
    if (text.substr(at, end - at).find(" dropped: ") == std::string::npos) continue;
    sum += std::stol(text.substr(at + mark.size()));
  }
  return sum;
}

BOOST_AUTO_TEST_SUITE(output_writer_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(lines_have_their_names_and_keep_their_order) {
  redirected to_out{1};
  redirected to_err{2};
  {
    output_writer writer{new_sinks(), {}, ignore_room};
    BOOST_TEST(writer.take_output("a/0", out, "one"));
    BOOST_TEST(writer.take_output("a/0", out, "two"));
    BOOST_TEST(writer.take_output("a/1", err, ""));
    writer.log("three");
  }
  to_out.restore();
  to_err.restore();
  BOOST_TEST(to_out.read_all() == "[a/0] one\n[a/0] two\n");
  BOOST_TEST(to_err.read_all() == "[a/1] \ntroupe: three\n");
}

// W4: results of writes that nobody looked at.
BOOST_AUTO_TEST_CASE(a_slow_reader_gets_every_line_whether_its_descriptor_blocks_or_not) {
  for (const bool is_blocking : {true, false}) {
    redirected to_out{1, 4096};
    if (!is_blocking) to_out.make_non_blocking();
    constexpr int lines = 20'000;
    std::thread printer{[] {
      std::binary_semaphore room{0};
      output_writer writer{new_sinks(), patient, [&] { room.release(); }};
      for (int i = 0; i < lines; ++i) {
        if (!writer.take_output("a/0", out, std::to_string(i))) room.acquire();
      }
    }};
    std::string text;
    while (count_lines(text) < lines) text += to_out.read_some();
    printer.join();
    int next = 0;
    bool is_in_order = true;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      is_in_order = is_in_order && text.compare(at, 6, "[a/0] ") == 0 &&
                    std::stoi(text.substr(at + 6)) == next++;
    }
    BOOST_TEST(is_in_order);
    BOOST_TEST(next == lines);
  }
}

// Fills the queue as somebody does who waits for room, and says how many lines it took.
long print_until_nobody_reads(output_writer& writer, output_stream stream) {
  long lines = 1;
  while (writer.take_output("a/0", stream, "0123456789")) ++lines;
  while (writer.is_paused()) std::this_thread::yield();
  return lines;
}

// W3: what had to be dropped is counted and told, and all the rest arrives.
BOOST_AUTO_TEST_CASE(what_is_dropped_because_nobody_reads_is_counted_and_told) {
  for (const auto stream : {out, err}) {
    redirected to_out{1, 4096};
    redirected to_err{2, 4096};
    long lines = 0;
    std::future<std::string> out_text;
    std::future<std::string> err_text;
    {
      output_writer writer{new_sinks(), small, ignore_room};
      lines = print_until_nobody_reads(writer, stream);
      // Nobody is waited for now.
      for (int i = 0; i < 5000; ++i, ++lines) {
        BOOST_TEST(writer.take_output("a/0", stream, "0123456789"));
      }
      out_text = std::async(std::launch::async, [&] { return to_out.read_all(); });
      err_text = std::async(std::launch::async, [&] { return to_err.read_all(); });
      while (!writer.flush(deadline::never())) std::this_thread::yield();
    }
    to_out.restore();
    to_err.restore();
    const auto on_out = out_text.get();
    const auto on_err = err_text.get();
    const auto& text = stream == out ? on_out : on_err;
    std::string::size_type arrived = 0;
    for (auto at = text.find("[a/0]"); at != std::string::npos; at = text.find("[a/0]", at + 1)) {
      ++arrived;
    }
    BOOST_TEST(count_dropped(on_err) > 0);
    BOOST_TEST(static_cast<long>(arrived) + count_dropped(on_err) == lines);
    const std::string name = stream == out ? "stdout" : "stderr";
    BOOST_TEST(on_err.find(" dropped: nobody reads " + name) != std::string::npos);
  }
}

// W3: no wait at the end for somebody who never reads.
BOOST_AUTO_TEST_CASE(the_end_waits_for_no_reader_that_takes_nothing) {
  redirected to_out{1, 4096};
  redirected to_err{2, 4096};
  {
    output_writer writer{new_sinks(), small, ignore_room};
    for (int i = 0; i < 1000; ++i) {
      (void)writer.take_output("a/0", out, "0123456789");
      writer.log("0123456789");
    }
    BOOST_TEST(!writer.flush(deadline::never()));
  }
  BOOST_TEST(to_out.read_some() != "");
}

// W3: nothing ends or spins because the reader has gone. SIGPIPE would end this test.
BOOST_AUTO_TEST_CASE(a_reader_that_goes_is_told_of_and_ends_nothing) {
  redirected to_out{1};
  redirected to_err{2};
  to_out.close_reader();
  {
    output_writer writer{new_sinks(), {}, ignore_room};
    for (int i = 0; i < 100; ++i) BOOST_TEST(writer.take_output("a/0", out, "x"));
    BOOST_TEST(writer.flush(deadline::never()));
  }
  to_err.restore();
  const auto text = to_err.read_all();
  BOOST_TEST(count_dropped(text) == 100);
  BOOST_TEST(text.find("cannot write to stdout: Broken pipe") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_closed_stderr_ends_nothing) {
  redirected to_out{1};
  const int saved = ::fcntl(2, F_DUPFD_CLOEXEC, 3);
  ::close(2);
  {
    output_writer writer{new_sinks(), {}, ignore_room};
    writer.log("lost");
    BOOST_TEST(writer.take_output("a/0", out, "x"));
    BOOST_TEST(writer.flush(deadline::never()));
  }
  ::dup2(saved, 2);
  ::close(saved);
  to_out.restore();
  BOOST_TEST(to_out.read_all() == "[a/0] x\n");
}

BOOST_AUTO_TEST_CASE(a_sink_gets_lines_in_order_and_may_block_without_stopping_anybody) {
  auto& sinks = new_sinks();
  std::promise<void> gate;
  std::promise<void> entered;
  std::vector<std::string> got;
  sinks.output.set([&](std::string_view name, output_stream stream, std::string_view line) {
    if (got.empty()) {
      entered.set_value();
      gate.get_future().wait();
    }
    got.push_back(std::string{name} + (stream == out ? " out " : " err ") + std::string{line});
  });
  sinks.log.set([&](std::string_view line) { got.emplace_back(line); });
  output_writer writer{sinks, {}, ignore_room};
  BOOST_TEST(writer.take_output("a/0", out, "1"));
  entered.get_future().wait();
  BOOST_TEST(writer.take_output("a/1", err, "2")); // It returns while the sink does not.
  writer.log("3");
  BOOST_TEST(writer.take_output("a/0", out, "4"));
  BOOST_TEST(!writer.flush(deadline::now()));
  gate.set_value();
  BOOST_TEST(writer.flush(deadline::never()));
  const std::vector<std::string> wanted{"a/0 out 1", "a/1 err 2", "3", "a/0 out 4"};
  BOOST_TEST(got == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_sink_that_blocks_while_much_is_printed_loses_lines_that_are_told) {
  auto& sinks = new_sinks();
  redirected to_err{2};
  std::promise<void> gate;
  long got = 0;
  sinks.output.set([&, opened = gate.get_future().share()](auto, auto, auto) {
    opened.wait();
    ++got;
  });
  long lines = 0;
  {
    output_writer writer{sinks, small, ignore_room};
    lines = print_until_nobody_reads(writer, out);
    for (int i = 0; i < 100; ++i, ++lines) BOOST_TEST(writer.take_output("a/0", out, "x"));
    gate.set_value();
    while (!writer.flush(deadline::never())) std::this_thread::yield();
  }
  to_err.restore();
  const auto text = to_err.read_all();
  BOOST_TEST(got + count_dropped(text) == lines);
  BOOST_TEST(text.find(" dropped: the sink for them is too slow") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_sink_throws_is_told_once) {
  auto& sinks = new_sinks();
  redirected to_err{2};
  int calls = 0;
  sinks.output.set([&](auto, auto, auto) {
    ++calls;
    throw std::runtime_error{"no room in the diary"};
  });
  {
    output_writer writer{sinks, {}, ignore_room};
    for (int i = 0; i < 3; ++i) (void)writer.take_output("a/0", out, "x");
  }
  to_err.restore();
  BOOST_TEST(calls == 3);
  const auto text = to_err.read_all();
  BOOST_TEST(count_lines(text) == 1);
  BOOST_TEST(text.find("the output sink threw: no room in the diary") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_sink_may_replace_itself_flush_and_log) {
  auto& sinks = new_sinks();
  std::vector<std::string> got;
  output_writer writer{sinks, {}, ignore_room};
  sinks.log.set([&](std::string_view line) { got.emplace_back(line); });
  sinks.output.set([&](auto, auto, std::string_view line) {
    BOOST_TEST(!writer.flush(deadline::never())); // It would wait for itself.
    writer.log("from a sink");
    got.emplace_back(line);
    sinks.output.set(
        [&](auto, auto, std::string_view next) { got.push_back("+" + std::string{next}); });
  });
  (void)writer.take_output("a/0", out, "1");
  (void)writer.take_output("a/0", out, "2");
  while (!writer.flush(deadline::never())) std::this_thread::yield();
  BOOST_TEST(writer.flush(deadline::never())); // What the sink logged.
  std::sort(got.begin(), got.end());
  const std::vector<std::string> wanted{"+2", "1", "from a sink"};
  BOOST_TEST(got == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(replacing_a_sink_waits_for_its_last_call) {
  auto& sinks = new_sinks();
  std::promise<void> entered;
  std::promise<void> gate;
  std::atomic<bool> has_returned = false;
  output_writer writer{sinks, {}, ignore_room};
  sinks.log.set([&](auto) {
    entered.set_value();
    gate.get_future().wait();
    has_returned = true;
  });
  writer.log("x");
  entered.get_future().wait();
  std::thread opener{[&] { gate.set_value(); }};
  sinks.log.set({});
  BOOST_TEST(has_returned.load());
  opener.join();
}

BOOST_AUTO_TEST_CASE(a_writer_may_end_in_its_own_sink) {
  auto& sinks = new_sinks();
  std::promise<int> ended;
  int lines = 0;
  auto writer = std::make_unique<output_writer>(sinks, output_limits{}, ignore_room);
  std::promise<void> gate;
  sinks.log.set([&, opened = gate.get_future().share()](auto) {
    opened.wait();
    writer.reset();
    if (++lines == 2) ended.set_value(lines);
  });
  writer->log("1");
  writer->log("2");
  gate.set_value();
  BOOST_TEST(ended.get_future().get() == 2); // It goes on alone until all is told.
  sinks.log.set({});
}

BOOST_AUTO_TEST_CASE(the_end_does_not_wait_for_a_sink_that_hangs) {
  auto& sinks = new_sinks();
  redirected to_err{2};
  std::promise<void> gate;
  std::promise<void> left;
  sinks.log.set([&, opened = gate.get_future().share()](auto) {
    opened.wait();
    left.set_value();
  });
  {
    output_writer writer{sinks, small, ignore_room};
    writer.log("x");
  }
  gate.set_value();
  left.get_future().wait();
  sinks.log.set({});
}

// A program that ends by std::exit while a writer lives, and writes to somebody who is slow.
BOOST_AUTO_TEST_CASE(what_was_taken_is_written_when_the_program_exits) {
  std::fflush(stdout); // Or the copy would write the test framework's lines, too.
  redirected to_out{1, 4096};
  const int child = ::fork();
  if (child == 0) {
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(60);
    to_out.close_reader();
    is_copy = true;
    auto& writer = *new output_writer{new_sinks(), {}, ignore_room};
    for (int i = 0; i < 10'000; ++i) (void)writer.take_output("a/0", out, "0123456789");
    std::exit(7);
  }
  to_out.restore();
  BOOST_TEST(count_lines(to_out.read_all()) == 10'000);
  int status = -1;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WEXITSTATUS(status) == 7);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
