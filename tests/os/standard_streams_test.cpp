// Goal: waiting for stdin or stdout can be ended, writing never waits behind a wait, and a path
// that names a descriptor of this process is known for what it is. Method: pipes with nothing in
// them, full ones, and paths of all forms.

#include "troupe/os/pipe.hpp"
#include "troupe/os/standard_streams.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace troupe::os {
namespace {

BOOST_AUTO_TEST_SUITE(standard_streams_suite, *boost::unit_test::timeout(30))

BOOST_AUTO_TEST_CASE(a_wait_ends_when_it_is_interrupted) {
  const auto bell = event_fd::create();
  const auto ends = make_pipe();
  BOOST_TEST(wait_to_write(ends.writer.get(), &bell));
  bell.ring();
  BOOST_TEST(!wait_to_read(ends.reader.get(), &bell));
  BOOST_TEST(!wait_to_write(ends.writer.get(), &bell));
}

BOOST_AUTO_TEST_CASE(a_pipe_that_blocks_is_filled_without_waiting_and_read_whole) {
  const auto bell = event_fd::create();
  const auto ends = make_pipe();
  const std::string text(10'000'000, 'x');
  std::size_t written = 0;
  std::size_t taken = 0;
  std::byte block[10'000];
  while (taken < text.size()) {
    while (written < text.size() && taken + 60'000 > written) {
      BOOST_REQUIRE(wait_to_write(ends.writer.get(), &bell));
      const auto size = write_part(ends.writer.get(), std::string_view{text}.substr(written));
      BOOST_REQUIRE(size.has_value());
      written += *size;
    }
    const auto size = read_from(ends.reader.get(), block);
    BOOST_REQUIRE(size.has_value());
    taken += *size;
  }
  BOOST_TEST(taken == text.size());
}

BOOST_AUTO_TEST_CASE(ends_of_pipes_are_told) {
  std::signal(SIGPIPE, SIG_IGN);
  auto ends = make_pipe(pipe_blocking::none_blocks);
  std::byte block[10];
  BOOST_TEST((read_from(ends.reader.get(), block).error().code == errc::would_block));
  ends.reader.reset();
  BOOST_TEST(wait_to_write(ends.writer.get(), nullptr));
  BOOST_TEST((write_part(ends.writer.get(), "x").error().code == errc::end_of_stream));
  auto others = make_pipe();
  others.writer.reset();
  BOOST_TEST(wait_to_read(others.reader.get(), nullptr));
  BOOST_TEST(read_from(others.reader.get(), block).value() == 0U);
  BOOST_TEST(read_from(-1, block).error().os_error == EBADF);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
