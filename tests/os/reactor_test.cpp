// Goal: the reactor calls what it was asked to call, on its own thread, and nothing after a cancel.
// Method: pipes, eventfds and timers; the test waits on promises.

#include "support/forked.hpp"
#include "troupe/base/error.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/pipe.hpp"
#include "troupe/os/reactor.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {
namespace {

using namespace std::chrono_literals;

// Runs everything that was posted before.
void settle(reactor& loop) {
  std::promise<void> done;
  loop.post([&] { done.set_value(); });
  done.get_future().wait();
}

// Watches from the reactor thread, so that the callback finds the watch in its variable.
void watch_from_inside(reactor& loop, readiness_watch& watch, const fd& descriptor,
                       std::function<void()> on_readable) {
  std::promise<void> done;
  loop.post([&] {
    watch = loop.add_readable(descriptor, std::move(on_readable));
    done.set_value();
  });
  done.get_future().wait();
}

BOOST_AUTO_TEST_SUITE(reactor_suite, *boost::unit_test::timeout(30))

BOOST_AUTO_TEST_CASE(posted_functions_run_in_order_on_its_thread) {
  reactor loop;
  std::vector<int> order;
  bool is_own_thread = false;
  for (int i = 0; i < 100; ++i) loop.post([&order, i] { order.push_back(i); });
  loop.post([&] { is_own_thread = loop.is_reactor_thread(); });
  settle(loop);
  BOOST_TEST(order.size() == 100U);
  BOOST_TEST(std::is_sorted(order.begin(), order.end()));
  BOOST_TEST(is_own_thread);
  BOOST_TEST(!loop.is_reactor_thread());
}

BOOST_AUTO_TEST_CASE(its_thread_has_a_name_and_takes_no_signals) {
  reactor loop;
  std::array<char, 32> name{};
  bool is_blocked = false;
  loop.post([&] {
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    is_blocked = ::sigismember(&mask, SIGCHLD) == 1 && ::sigismember(&mask, SIGTERM) == 1;
  });
  settle(loop);
  BOOST_TEST(std::string{name.data()} == "troupe-reactor");
  BOOST_TEST(is_blocked);
}

BOOST_AUTO_TEST_CASE(readable_descriptor_is_told_again_while_it_lasts) {
  reactor loop;
  auto pipe = make_pipe();
  int calls = 0;
  std::string text;
  std::promise<void> ended;
  readiness_watch watch;
  watch_from_inside(loop, watch, pipe.reader, [&] {
    ++calls;
    std::array<std::byte, 1> letter{};
    if (read_some(pipe.reader, letter)) {
      text += static_cast<char>(letter[0]);
    } else {
      watch.cancel();
      ended.set_value();
    }
  });
  const std::string sent = "abc";
  BOOST_TEST(write_some(pipe.writer, std::as_bytes(std::span{sent})).has_value());
  pipe.writer.reset();
  ended.get_future().wait();
  settle(loop);
  BOOST_TEST(text == sent);
  BOOST_TEST(calls == 4);
}

BOOST_AUTO_TEST_CASE(death_of_a_process_is_told) {
  const int child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  auto handle = pidfd::open(child);
  BOOST_TEST_REQUIRE(handle.has_value());
  reactor loop;
  std::promise<void> died;
  readiness_watch watch;
  watch_from_inside(loop, watch, handle->descriptor(), [&] {
    watch.cancel();
    died.set_value();
  });
  handle->signal(SIGKILL);
  died.get_future().wait();
  BOOST_TEST(handle->reap().has_value());
}

BOOST_AUTO_TEST_CASE(nothing_is_called_after_cancel) {
  reactor loop;
  const auto bell = event_fd::create();
  for (int round = 0; round < 200; ++round) {
    std::atomic<bool> is_cancelled = false;
    std::atomic<bool> was_late = false;
    readiness_watch watch;
    watch_from_inside(loop, watch, bell.descriptor(), [&] {
      if (is_cancelled) was_late = true;
    });
    bell.ring();
    watch.cancel();
    is_cancelled = true;
    settle(loop);
    BOOST_TEST(!was_late);
  }
}

BOOST_AUTO_TEST_CASE(descriptor_can_be_watched_again_after_cancel) {
  reactor loop;
  const auto bell = event_fd::create();
  bell.ring();
  for (int round = 0; round < 10; ++round) {
    std::promise<void> heard;
    readiness_watch watch;
    watch_from_inside(loop, watch, bell.descriptor(), [&] {
      watch.cancel();
      heard.set_value();
    });
    heard.get_future().wait();
  }
}

BOOST_AUTO_TEST_CASE(writable_is_told_once_there_is_room) {
  reactor loop;
  auto pipe = make_pipe(pipe_blocking::none_blocks);
  std::array<std::byte, 4096> page{};
  while (write_some(pipe.writer, page)) {
  }
  std::promise<void> has_room;
  auto watch = loop.add_readable(pipe.writer, [] {});
  loop.post([&] { watch.when_writable([&] { has_room.set_value(); }); });
  auto told = has_room.get_future();
  settle(loop);
  BOOST_TEST((told.wait_for(0s) == std::future_status::timeout));
  for (int i = 0; i < 16; ++i) BOOST_TEST(read_some(pipe.reader, page).has_value());
  told.wait();
}

BOOST_AUTO_TEST_CASE(timers_fire_in_their_order_and_not_early) {
  reactor loop;
  const auto start = clock::now();
  std::vector<int> order;
  std::promise<void> done;
  auto late = loop.add_timer(start + 20ms, [&] {
    order.push_back(2);
    done.set_value();
  });
  auto soon = loop.add_timer(start + 10ms, [&] { order.push_back(1); });
  auto past = loop.add_timer(start - 1s, [&] { order.push_back(0); });
  BOOST_TEST(late.is_pending());
  done.get_future().wait();
  BOOST_TEST((clock::now() >= start + 20ms));
  settle(loop);
  BOOST_TEST((order == std::vector{0, 1, 2}));
  BOOST_TEST(!late.is_pending());
}

BOOST_AUTO_TEST_CASE(cancelled_timer_does_not_fire) {
  reactor loop;
  std::atomic<int> fired = 0;
  std::promise<void> done;
  auto cancelled = loop.add_timer(clock::now() + 5ms, [&] { ++fired; });
  auto replaced = loop.add_timer(clock::now() + 5ms, [&] { ++fired; });
  cancelled.cancel();
  BOOST_TEST(!cancelled.is_pending());
  replaced = loop.add_timer(clock::now() + 10ms, [&] { done.set_value(); });
  done.get_future().wait();
  BOOST_TEST(fired == 0);
}

BOOST_AUTO_TEST_CASE(exception_in_a_callback_does_not_end_the_thread) {
  reactor loop;
  const auto bell = event_fd::create();
  std::promise<void> called_again;
  int calls = 0;
  readiness_watch watch;
  watch_from_inside(loop, watch, bell.descriptor(), [&] {
    if (++calls == 1) throw std::runtime_error{"expected by the test"};
    watch.cancel();
    called_again.set_value();
  });
  bell.ring();
  called_again.get_future().wait();
  BOOST_TEST(calls == 2);
}

template<class F>
bool is_refused(F use) {
  try {
    use();
  } catch (const forked_copy&) {
    return true;
  }
  return false;
}

BOOST_AUTO_TEST_CASE(forked_copy_can_neither_use_nor_disturb_it) {
  auto loop = std::make_unique<reactor>();
  auto bell = std::make_unique<event_fd>(event_fd::create());
  std::promise<void> rung;
  auto watch = loop->add_readable(bell->descriptor(), [&] {
    bell->clear();
    rung.set_value();
  });
  std::promise<void> fired;
  auto timer = loop->add_timer(clock::now() + 1h, [] {});
  settle(*loop); // The watch is in the kernel's list, which copies share.
  BOOST_TEST(test::holds_in_copy([&] {
    const bool are_refused =
        is_refused([&] { loop->post([] {}); }) &&
        is_refused([&] { (void)loop->add_timer(clock::now(), [] {}); }) &&
        is_refused([&] { (void)loop->add_readable(bell->descriptor(), [] {}); });
    watch.cancel();
    timer.cancel();
    watch = {};
    loop.reset();
    return are_refused && !timer.is_pending();
  }));
  bell->ring();
  rung.get_future().wait();
  const auto at_once = loop->add_timer(clock::now(), [&] { fired.set_value(); });
  fired.get_future().wait();
  BOOST_TEST(timer.is_pending());
  watch.cancel();
}

BOOST_AUTO_TEST_CASE(callback_that_returns_in_a_forked_copy_ends_the_copy) {
  reactor loop;
  for (const bool throws : {false, true}) {
    std::promise<int> forked;
    loop.post([&] {
      const int child = ::fork();
      if (child == 0 && throws) throw std::runtime_error{"in the copy"};
      if (child != 0) forked.set_value(child);
    });
    const int child = forked.get_future().get();
    int status = -1;
    BOOST_TEST(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WEXITSTATUS(status) == 70);
    settle(loop); // The reactor itself goes on.
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
