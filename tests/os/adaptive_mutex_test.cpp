// Goal: the mutex excludes, and no sleeper is forgotten although unlocking is a plain store.
// Method: more threads than cores, with critical sections short enough to spin for and long enough
// to sleep for. A lost wake-up hangs, which the time limit ends.

#include "troupe/os/adaptive_mutex.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::os {
namespace {

constexpr int thread_count = 6;

/// Every thread adds to one number `rounds` times, and keeps the lock for `hold` each `slow_one_in`
/// rounds. Returns the number.
std::uint64_t add_together(std::uint64_t rounds, std::uint64_t slow_one_in,
                           std::chrono::microseconds hold) {
  adaptive_mutex mutex;
  std::uint64_t sum = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < thread_count; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t round = 0; round < rounds; ++round) {
          const std::lock_guard lock{mutex};
          const auto before = sum;
          if (round % slow_one_in == 0) {
            const auto until = std::chrono::steady_clock::now() + hold;
            while (std::chrono::steady_clock::now() < until) {
            }
          }
          sum = before + 1;
        }
      });
    }
  }
  return sum;
}

BOOST_AUTO_TEST_SUITE(adaptive_mutex_suite, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(short_sections_exclude_each_other) {
  constexpr std::uint64_t rounds = 200'000;
  BOOST_TEST(add_together(rounds, rounds, std::chrono::microseconds{0}) == thread_count * rounds);
}

BOOST_AUTO_TEST_CASE(long_sections_put_others_to_sleep_and_wake_them) {
  constexpr std::uint64_t rounds = 300;
  BOOST_TEST(add_together(rounds, 1, std::chrono::microseconds{300}) == thread_count * rounds);
}

BOOST_AUTO_TEST_CASE(mixed_sections_forget_nobody) {
  constexpr std::uint64_t rounds = 20'000;
  BOOST_TEST(add_together(rounds, 97, std::chrono::microseconds{100}) == thread_count * rounds);
}

BOOST_AUTO_TEST_CASE(try_lock_says_whether_it_got_the_lock) {
  adaptive_mutex mutex;
  BOOST_TEST(mutex.try_lock());
  std::jthread{[&] { BOOST_TEST(!mutex.try_lock()); }}.join();
  mutex.unlock();
  BOOST_TEST(mutex.try_lock());
  mutex.unlock();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
