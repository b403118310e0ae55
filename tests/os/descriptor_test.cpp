// Goal: descriptors are closed exactly once, never inherited, and their ends are told apart from
// "nothing there".
// Method: pipes and eventfds of this process.

#include "troupe/base/growing_pause.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/fd.hpp"
#include "troupe/os/pipe.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/os/readiness_set.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <string_view>
#include <utility>

#include <fcntl.h>

namespace troupe::os {
namespace {

bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}
bool is_close_on_exec(const fd& descriptor) {
  return (::fcntl(descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0;
}
std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

BOOST_AUTO_TEST_SUITE(descriptor_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(a_descriptor_is_closed_with_its_owner) {
  int number = fd::none;
  {
    auto pipe = make_pipe();
    number = pipe.reader.get();
    fd moved = std::move(pipe.reader);
    BOOST_TEST(!pipe.reader);
    BOOST_TEST(is_open(number));
  }
  BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(everything_is_close_on_exec) {
  const auto pipe = make_pipe();
  BOOST_TEST(is_close_on_exec(pipe.reader));
  BOOST_TEST(is_close_on_exec(pipe.writer));
  const auto copy = pipe.reader.duplicate();
  BOOST_TEST_REQUIRE(copy.has_value());
  BOOST_TEST(is_close_on_exec(*copy));
  BOOST_TEST(copy->get() != pipe.reader.get());
  BOOST_TEST(is_close_on_exec(event_fd::create().descriptor()));
}

BOOST_AUTO_TEST_CASE(nothing_there_is_not_the_end) {
  auto pipe = make_pipe(pipe_blocking::reader_does_not_block);
  std::array<std::byte, 8> buffer{};
  const auto nothing = read_some(pipe.reader, buffer);
  BOOST_TEST_REQUIRE(!nothing.has_value());
  BOOST_TEST((nothing.error().code == errc::would_block));
  BOOST_TEST(write_some(pipe.writer, bytes("abc")).has_value());
  pipe.writer.reset();
  const auto some = read_some(pipe.reader, buffer);
  BOOST_TEST_REQUIRE(some.has_value());
  BOOST_TEST(*some == 3U);
  const auto end = read_some(pipe.reader, buffer);
  BOOST_TEST_REQUIRE(!end.has_value());
  BOOST_TEST((end.error().code == errc::end_of_stream));
}

BOOST_AUTO_TEST_CASE(full_pipe_would_block_and_pipe_without_reader_is_ended) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  auto pipe = make_pipe(pipe_blocking::none_blocks);
  std::array<std::byte, 4096> page{};
  auto written = write_some(pipe.writer, page);
  while (written) written = write_some(pipe.writer, page);
  BOOST_TEST((written.error().code == errc::would_block));
  pipe.reader.reset();
  const auto end = write_some(pipe.writer, page);
  BOOST_TEST_REQUIRE(!end.has_value());
  BOOST_TEST((end.error().code == errc::end_of_stream));
  std::signal(SIGPIPE, before);
}

BOOST_AUTO_TEST_CASE(eventfd_keeps_rings_until_cleared) {
  const auto bell = event_fd::create();
  BOOST_TEST(!bell.clear());
  bell.ring();
  bell.ring();
  BOOST_TEST(bell.clear());
  BOOST_TEST(!bell.clear());
}

BOOST_AUTO_TEST_CASE(poll_set_tells_which_is_ready) {
  const auto one = event_fd::create();
  const auto other = event_fd::create();
  poll_set polled;
  const auto first = polled.add(one.descriptor().get());
  const auto second = polled.add(other.descriptor().get());
  const auto absent = polled.add(fd::none);
  polled.wait(deadline::now());
  BOOST_TEST(!polled.is_readable(first));
  other.ring();
  polled.wait(deadline::never());
  BOOST_TEST(!polled.is_readable(first));
  BOOST_TEST(polled.is_readable(second));
  BOOST_TEST(!polled.is_readable(absent));
  BOOST_TEST(!polled.is_writable(second)); // Not asked for.
}

BOOST_AUTO_TEST_CASE(readiness_set_tells_which_is_ready_as_long_as_it_is) {
  const auto one = event_fd::create();
  const auto other = event_fd::create();
  readiness_set events;
  BOOST_TEST(events.add(one.descriptor(), 1).has_value());
  BOOST_TEST(events.add(other.descriptor(), 2).has_value());
  BOOST_TEST(events.wait(deadline::now()).empty());
  other.ring();
  for (int turn = 0; turn < 2; ++turn) {
    const auto ready = events.wait(deadline::never());
    BOOST_TEST_REQUIRE(ready.size() == 1U);
    BOOST_TEST(ready[0].tag == 2U);
    BOOST_TEST(ready[0].is_readable);
    BOOST_TEST(!ready[0].is_writable); // Not asked for.
  }
  BOOST_TEST(events.change(other.descriptor().get(), 3, false, true).has_value());
  const auto writable = events.wait(deadline::never());
  BOOST_TEST_REQUIRE(writable.size() == 1U);
  BOOST_TEST(writable[0].tag == 3U);
  BOOST_TEST(writable[0].is_writable);
  BOOST_TEST(!writable[0].is_readable);
  events.remove(other.descriptor());
  events.remove(other.descriptor()); // No error.
  BOOST_TEST(events.wait(deadline::now()).empty());
  BOOST_TEST(!events.add(fd{}, 4).has_value());
}

BOOST_AUTO_TEST_CASE(growing_pause_doubles_up_to_its_limit) {
  using namespace std::chrono_literals;
  growing_pause pause{1ms, 3ms};
  BOOST_TEST((pause.take() == 1ms));
  BOOST_TEST((pause.take() == 2ms));
  BOOST_TEST((pause.take() == 3ms));
  BOOST_TEST((pause.take() == 3ms));
  pause.reset();
  BOOST_TEST((pause.take() == 1ms));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
