// Goal: a kernel that has no room for a wish for a moment (ENOMEM of epoll_ctl) delays a callback
// and loses none, or the wish fails and says so.
// Method: this program's own epoll_ctl, which refuses when it is told to.

#include "troupe/os/reactor.hpp"
#include "troupe/os/unix_socket.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <future>
#include <system_error>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {
std::atomic<int> refusals_left{0};
std::atomic<int> calls_until_refusal{0}; // Of any kind; 0: none is refused.
} // namespace

// Instead of the C library's, for the whole program.
extern "C" int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  const bool is_last = calls_until_refusal.load() > 0 && --calls_until_refusal == 0;
  const bool is_refused = operation == EPOLL_CTL_MOD && refusals_left.load() > 0;
  if (is_refused) --refusals_left;
  if (is_refused || is_last) {
    errno = ENOMEM;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, descriptor, event));
}

namespace troupe::os {
namespace {

constexpr int refusals = 3;

BOOST_AUTO_TEST_SUITE(refused_watch_suite, *boost::unit_test::timeout(30))

BOOST_AUTO_TEST_CASE(room_is_told_also_when_the_wish_was_refused_at_first) { // E12.
  auto [own, theirs] = unix_socket::make_pair();
  const std::array<std::byte, 1024> bytes{};
  while (own.send(bytes, {})) {
  }
  reactor loop;
  auto watch = loop.add_readable(own.descriptor(), [] {});
  std::promise<void> refused;
  std::promise<void> has_room;
  loop.post([&] {
    refusals_left = refusals;
    watch.when_writable([&] { has_room.set_value(); });
    refused.set_value();
  });
  refused.get_future().wait();
  std::array<std::byte, 1024> into{};
  while (theirs.receive(into)) {
  }
  has_room.get_future().wait();
  BOOST_TEST(refusals_left.load() == 0);
  watch.cancel();
}

// A watch on both ends of a socket, room, a timer and a post. True when everything was told.
bool use_a_reactor() {
  auto [own, theirs] = unix_socket::make_pair();
  const std::array<std::byte, 1024> bytes{};
  reactor loop;
  std::promise<void> heard;
  std::promise<void> has_room;
  std::promise<void> fired;
  auto from_them = loop.add_readable(own.descriptor(), [&, &end = own] {
    std::array<std::byte, 1024> into{};
    if (end.receive(into)) heard.set_value();
  });
  const auto timer = loop.add_timer(clock::now(), [&] { fired.set_value(); });
  loop.post([&] { from_them.when_writable([&] { has_room.set_value(); }); });
  BOOST_TEST(theirs.send(bytes, {}).has_value());
  heard.get_future().wait();
  has_room.get_future().wait();
  fired.get_future().wait();
  from_them.cancel();
  // Not watched any more: it may be watched again.
  std::promise<void> heard_again;
  BOOST_TEST(theirs.send(bytes, {}).has_value());
  auto again = loop.add_readable(own.descriptor(), [&, &end = own] {
    std::array<std::byte, 1024> into{};
    if (end.receive(into)) heard_again.set_value();
  });
  heard_again.get_future().wait();
  again.cancel();
  return true;
}

BOOST_AUTO_TEST_CASE(whichever_watch_is_refused_once_it_is_told_or_asked_for_again) {
  constexpr int calls_max = 100;
  int refused = 0;
  for (int call = 1; call < calls_max; ++call) {
    calls_until_refusal = call;
    try {
      BOOST_TEST(use_a_reactor());
    } catch (const std::system_error& problem) {
      BOOST_TEST(problem.code().value() == ENOMEM);
    }
    if (calls_until_refusal.exchange(0) > 0) break; // It makes no more calls.
    ++refused;
  }
  BOOST_TEST(refused >= 6); // The bell, two watches and their ends, room and no room.
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
