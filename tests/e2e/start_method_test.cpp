// Goal: a program whose global objects have started threads has working pools, and so has one that
// asks for executed workers. Method: pools with threads in the zygote and in the workers; deaths
// between tasks. Everything else is the whole suite, run once more with executed workers.

#include "e2e/tasks.hpp"
#include "support/threaded_zygote.hpp"
#include "troupe/pool.hpp"
#include "troupe/runtime/sinks.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::own_pid;
using test::square;
using test::wait_at_gate;

// Longer than any case.
constexpr auto never_waited_for = 10min;

const int image_made_in = ::getpid();

bool has_its_own_image() {
  return image_made_in == ::getpid();
}
int thread_count_of_worker() {
  return static_cast<int>(clean_world::thread_count());
}
int die_if_odd(int number) {
  if (number % 2 != 0) std::abort();
  return number;
}

// Counts the lines that say why nothing is forked.
struct told_of_threads {
  told_of_threads() {
    set_log_sink([this](std::string_view line) {
      if (line.find("before troupe::init") != std::string_view::npos) ++count;
    });
  }
  ~told_of_threads() { set_log_sink({}); }
  told_of_threads(const told_of_threads&) = delete;
  told_of_threads& operator=(const told_of_threads&) = delete;
  std::atomic<int> count = 0;
};

BOOST_AUTO_TEST_SUITE(start_methods, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(threads_of_global_objects_lose_no_death_and_no_answer, clean_world) {
  const test::threaded_zygote threaded{"everywhere"};
  told_of_threads told;
  for (int round = 0; round < 2; ++round) {
    pool pool{{.replicas = 2, .stop = {.timeout = never_waited_for}}};
    BOOST_TEST(pool.apply(has_its_own_image));
    BOOST_TEST(pool.apply(thread_count_of_worker) == 2);
    for (int i = 0; i < 8; ++i) {
      const auto result = pool.submit(die_if_odd, i);
      if (i % 2 != 0) {
        BOOST_CHECK_THROW(result.get(), worker_lost);
      } else {
        BOOST_TEST(result.get() == i);
      }
    }
    class pool second {
      {
        .replicas = 1
      }
    };
    BOOST_TEST(second.apply(square, 5) == 25);
  }
  BOOST_TEST(told.count == 1); // However many pools there are. No case before this one makes any.
}

BOOST_FIXTURE_TEST_CASE(limits_and_attempts_hold_for_programs_with_threads, clean_world) {
  const test::threaded_zygote threaded{"everywhere"};
  gate gate;
  pool pool{{.replicas = 1, .task_timeout = 300ms, .max_attempts = 2}};
  const auto standing = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  BOOST_CHECK_THROW(standing.get(), task_timeout_error);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(a_pool_may_ask_for_executed_workers, clean_world) {
  told_of_threads told;
  pool executed{{.replicas = 2, .start = {.method = start_method::spawn}}};
  BOOST_TEST(executed.apply(has_its_own_image));
  BOOST_TEST(executed.apply(thread_count_of_worker) == 1);
  const auto killed = executed.submit(test::kill_self, SIGKILL);
  BOOST_CHECK_THROW(killed.get(), worker_lost);
  BOOST_TEST(executed.apply(square, 4) == 16);
  BOOST_TEST(executed.apply(own_pid) != ::getpid());
  executed.close();
  BOOST_TEST(executed.join());
  BOOST_TEST(told.count == 0);
}

BOOST_FIXTURE_TEST_CASE(both_methods_serve_side_by_side, clean_world) {
  pool forked{{.replicas = 1}};
  pool executed{{.replicas = 1, .start = {.method = start_method::spawn}}};
  for (int i = 0; i < 10; ++i) BOOST_TEST(forked.apply(square, i) == executed.apply(square, i));
  BOOST_TEST(executed.apply(has_its_own_image));
}

BOOST_AUTO_TEST_CASE(a_method_that_is_none_is_refused) {
  const auto none = static_cast<start_method>(7);
  BOOST_CHECK_THROW(pool({.replicas = 1, .start = {.method = none}}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
