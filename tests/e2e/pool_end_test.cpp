// Goal: `close` keeps its word: the destructor of a closed pool waits for its tasks, that of an
// open one does not. Method: real workers, more tasks than they can have begun when the pool goes;
// no sleeps.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::square;
using test::wait_at_gate;

int work_for_a_moment(int x) {
  const auto until = clock::now() + 500us;
  while (clock::now() < until) {
  }
  return x;
}

std::vector<future<int>> submit_moments(pool& pool, int count) {
  std::vector<future<int>> all;
  for (int i = 0; i < count; ++i) all.push_back(pool.submit(work_for_a_moment, i));
  return all;
}

std::string refusal_of(const future<int>& cancelled) {
  try {
    (void)cancelled.get();
  } catch (const cancelled_error& refused) {
    return refused.what();
  }
  return {};
}

BOOST_AUTO_TEST_SUITE(pool_end, *boost::unit_test::timeout(120))

// The destructor of a closed pool waits for its tasks, however many still wait for their turn.
BOOST_FIXTURE_TEST_CASE(a_closed_pool_finishes_its_tasks_before_it_goes, clean_world) {
  std::vector<future<int>> all;
  {
    pool pool{{.replicas = 2}};
    all = submit_moments(pool, 1000);
    pool.close();
  }
  for (int i = 0; i < 1000; ++i) {
    const auto& each = all[static_cast<std::size_t>(i)];
    BOOST_REQUIRE(each.is_ready());
    BOOST_TEST(each.get() == i);
  }
}

BOOST_FIXTURE_TEST_CASE(a_closed_pool_that_is_replaced_finishes_its_tasks, clean_world) {
  pool pool{{.replicas = 2}};
  const auto all = submit_moments(pool, 200);
  pool.close();
  pool = troupe::pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(square, 3) == 9);
  for (int i = 0; i < 200; ++i) BOOST_TEST(all[static_cast<std::size_t>(i)].get() == i);
}

// While the destructor of a closed pool waits, tasks keep all that they were promised: their
// limits, their attempts, and their cancelling.
BOOST_FIXTURE_TEST_CASE(tasks_of_a_closed_pool_have_their_limits_and_attempts, clean_world) {
  gate gate;
  future<int> hangs;
  future<int> dies;
  future<int> cancelled;
  std::vector<future<int>> others;
  {
    pool pool{{.replicas = 1, .max_attempts = 1}};
    const auto first = pool.submit(wait_at_gate, gate.name());
    gate.wait_for(1);
    hangs = pool.submit_with({.timeout = 100ms}, test::loop_for_ever);
    dies = pool.submit(test::kill_self, SIGKILL);
    cancelled = pool.submit(square, 4);
    for (int i = 0; i < 10; ++i) others.push_back(pool.submit(square, i));
    pool.close();
    BOOST_TEST(cancelled.cancel());
    gate.let_pass(1);
  }
  BOOST_CHECK_THROW(hangs.get(), task_timeout_error);
  BOOST_CHECK_THROW(dies.get(), worker_lost);
  BOOST_TEST(
      refusal_of(cancelled).ends_with(" of pool 'pool' was cancelled before a worker began it"));
  for (int i = 0; i < 10; ++i) BOOST_TEST(others[static_cast<std::size_t>(i)].get() == i * i);
}

// A closed pool that breaks has nothing left to wait for.
BOOST_FIXTURE_TEST_CASE(a_closed_pool_that_gives_up_goes, clean_world) {
  std::vector<future<int>> all;
  {
    pool pool{{.replicas = 1, .restart = {.intensity = 0}}};
    for (int i = 0; i < 3; ++i) all.push_back(pool.submit(test::kill_self, SIGKILL));
    pool.close();
  }
  BOOST_CHECK_THROW(all[0].get(), worker_lost);
  for (int i = 1; i < 3; ++i) {
    BOOST_CHECK_THROW(all[static_cast<std::size_t>(i)].get(), broken_executor);
  }
}

BOOST_FIXTURE_TEST_CASE(a_closed_pool_may_go_in_a_callback_of_its_own, clean_world) {
  std::vector<future<int>> all;
  {
    auto shared = std::make_shared<pool>(pool_options{.replicas = 2});
    const auto first = shared->submit(square, 3);
    all = submit_moments(*shared, 200);
    first.then([held = shared](const future<int>&) mutable {
      held->close();
      held.reset();
    });
    first.wait();
  }
  for (int i = 0; i < 200; ++i) BOOST_TEST(all[static_cast<std::size_t>(i)].get() == i);
}

BOOST_FIXTURE_TEST_CASE(an_open_pool_takes_its_tasks_along, clean_world) {
  gate gate;
  future<int> running;
  std::vector<future<int>> queued;
  {
    pool pool{{.name = "open", .replicas = 1}};
    running = pool.submit(wait_at_gate, gate.name());
    queued = submit_moments(pool, 10);
    gate.wait_for(1);
  }
  BOOST_TEST(
      refusal_of(running).ends_with(" of pool 'open' was running when the pool was terminated"));
  for (const auto& each : queued) {
    BOOST_TEST(
        refusal_of(each).ends_with(" of pool 'open' was cancelled before a worker began it"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
