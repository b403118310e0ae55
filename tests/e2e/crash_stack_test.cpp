// Goal: what is told of a task that crashed begins with the user's function and shows nothing of
// ours, whichever way the function came to the worker.
// Method: functions that abort, sent in each of these ways.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace stack_sample {

// Outside the anonymous namespace: their names are what the test looks for.
int gives_up(int number) {
  if (number >= 0) std::abort();
  return number;
}
int gives_up_on_bytes(std::span<const std::byte> bytes) {
  return gives_up(static_cast<int>(bytes.size()));
}
struct functor {
  int factor;
  int operator()(int number) const { return gives_up(number * factor); }
};

} // namespace stack_sample

namespace {

using test::clean_world;

void check(const worker_lost& lost) {
  const std::string told = lost.what();
  BOOST_TEST(told.find(" in troupe::stack_sample::gives_up (crash_stack_test.cpp:") !=
                 std::string::npos,
             told);
  for (const auto* foreign : {"troupe::detail::", "run_worker", "run_tasks", "std::__invoke",
                              "std::apply", "abort", "raise", "_Z", "libc"}) {
    BOOST_TEST(told.find(foreign) == std::string::npos, foreign << " is in " << told);
  }
}

// On a busy machine the first crashes are told before the debug information has been read.
void warm_up() {
  pool pool{{.replicas = 1}};
  for (std::string told; told.find(" at ") == std::string::npos;) {
    try {
      (void)pool.apply(stack_sample::gives_up, 1);
    } catch (const worker_lost& lost) {
      told = lost.what();
    }
    (void)pool.apply(test::square, 1);
  }
}

template<class Use>
void crash(Use&& use) {
  pool pool{{.replicas = 1}};
  BOOST_CHECK_EXCEPTION(use(pool), worker_lost, [](const worker_lost& lost) {
    check(lost);
    return true;
  });
}

BOOST_AUTO_TEST_SUITE(crash_stacks, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(headline_and_stack_of_a_lost_task_are_the_users, clean_world) {
  using stack_sample::gives_up;
  warm_up();
  crash([](pool& pool) { (void)pool.apply(gives_up, 1); });
  crash([](pool& pool) { (void)pool.apply([](int number) { return gives_up(number); }, 1); });
  crash([](pool& pool) { (void)pool.apply(stack_sample::functor{2}, 1); });
  crash([](pool& pool) { (void)pool.map(gives_up, std::vector{1, 2}); });
  crash([](pool& pool) {
    (void)pool.map([](int number) { return gives_up(number); }, std::vector{1, 2});
  });
  crash([](pool& pool) {
    auto buffer = pool.loan_buffer(16);
    (void)pool.submit(stack_sample::gives_up_on_bytes, std::move(buffer)).get();
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
