// Goal: when a pool has ended, no callback of its futures runs any more, whatever other pools live.
// Method: a second pool keeps the thread of the callbacks alive; callbacks that count, that stand
// still until they are let go, and that end their own pool.

#include "e2e/tasks.hpp"
#include "support/detached.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::square;
using test::wait_at_gate;

constexpr int many = 50;

void take_a_moment() {
  const auto until = clock::now() + 500us;
  while (clock::now() < until) {
  }
}

void count_slowly(const future<int>& task, std::atomic<int>& calls) {
  task.then([&calls](const future<int>&) {
    take_a_moment();
    ++calls;
  });
}

test::detached count_when_resumed(future<int> task, std::atomic<int>& calls) {
  co_await task;
  take_a_moment();
  ++calls;
}

BOOST_AUTO_TEST_SUITE(pool_callbacks, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(join_returns_after_the_callbacks, clean_world) {
  const pool other{{.replicas = 1}};
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> calls = 0;
    pool pool{{.replicas = 2}};
    for (int i = 0; i < many; ++i) count_slowly(pool.submit(square, i), calls);
    pool.close();
    BOOST_TEST(pool.join());
    BOOST_TEST(calls == many);
  }
}

BOOST_FIXTURE_TEST_CASE(the_destructor_returns_after_the_callbacks, clean_world) {
  const pool other{{.replicas = 1}};
  for (const bool is_closed : {true, false}) {
    std::atomic<int> calls = 0;
    {
      gate gate;
      pool pool{{.replicas = 1}};
      count_slowly(pool.submit(wait_at_gate, gate.name()), calls);
      for (int i = 1; i < many; ++i) count_slowly(pool.submit(square, i), calls);
      gate.wait_for(1);
      if (is_closed) pool.close();
      if (is_closed) gate.let_pass(1);
    }
    BOOST_TEST(calls == many);
  }
}

BOOST_FIXTURE_TEST_CASE(a_pool_that_is_replaced_has_called_back, clean_world) {
  const pool other{{.replicas = 1}};
  std::atomic<int> calls = 0;
  pool pool{{.replicas = 1}};
  for (int i = 0; i < many; ++i) count_slowly(pool.submit(square, i), calls);
  pool = troupe::pool{{.replicas = 1}};
  BOOST_TEST(calls == many);
}

BOOST_FIXTURE_TEST_CASE(join_after_terminate_returns_after_the_callbacks, clean_world) {
  const pool other{{.replicas = 1}};
  std::atomic<int> calls = 0;
  gate gate;
  pool pool{{.replicas = 1}};
  count_slowly(pool.submit(wait_at_gate, gate.name()), calls);
  for (int i = 1; i < many; ++i) count_slowly(pool.submit(square, i), calls);
  pool.terminate();
  BOOST_TEST(pool.join());
  BOOST_TEST(calls == many);
}

// Up to the next thing it waits for.
BOOST_FIXTURE_TEST_CASE(coroutines_have_been_resumed_when_the_pool_is_gone, clean_world) {
  const pool other{{.replicas = 1}};
  std::atomic<int> calls = 0;
  {
    pool pool{{.replicas = 2}};
    for (int i = 0; i < many; ++i) count_when_resumed(pool.submit(square, i), calls);
    pool.close();
  }
  BOOST_TEST(calls == many);
}

BOOST_FIXTURE_TEST_CASE(join_waits_for_a_callback_no_longer_than_it_is_told, clean_world) {
  const pool other{{.replicas = 1}};
  std::promise<void> may_end;
  std::atomic<bool> has_ended = false;
  gate gate;
  pool pool{{.replicas = 1}};
  pool.submit(wait_at_gate, gate.name()).then([&](const future<int>&) {
    may_end.get_future().wait();
    has_ended = true;
  });
  pool.close();
  gate.wait_for(1);
  gate.let_pass(1);
  BOOST_TEST(!pool.join(300ms));
  BOOST_TEST(!has_ended);
  may_end.set_value();
  BOOST_TEST(pool.join());
  BOOST_TEST(has_ended);
}

// What a callback waits for cannot be its own end, nor that of those behind it.
BOOST_FIXTURE_TEST_CASE(a_callback_may_join_terminate_and_end_its_pool, clean_world) {
  const pool other{{.replicas = 1}};
  std::atomic<int> calls = 0;
  std::promise<bool> has_joined;
  {
    gate gate;
    auto shared = std::make_shared<pool>(pool_options{.replicas = 1});
    const auto first = shared->submit(wait_at_gate, gate.name());
    first.then([&, held = shared](const future<int>&) mutable {
      held->close();
      const bool is_joined = held->join();
      held->terminate();
      held.reset();
      has_joined.set_value(is_joined);
    });
    for (int i = 0; i < many; ++i) count_slowly(shared->submit(square, i), calls);
    shared.reset();
    gate.wait_for(1);
    gate.let_pass(1);
    BOOST_TEST(has_joined.get_future().get());
  }
  while (calls < many) std::this_thread::yield(); // The pool went first: its callbacks go on.
}

BOOST_FIXTURE_TEST_CASE(a_callback_may_end_another_pool_whose_callbacks_stand_behind_it,
                        clean_world) {
  pool pool{{.replicas = 1}};
  std::atomic<int> calls = 0;
  std::promise<void> may_go_on;
  std::promise<void> is_gone;
  gate gate;
  auto other = std::make_optional<troupe::pool>(pool_options{.replicas = 1});
  const auto first = pool.submit(wait_at_gate, gate.name());
  first.then([&](const future<int>&) {
    may_go_on.get_future().wait();
    other.reset();
    is_gone.set_value();
  });
  gate.wait_for(1);
  gate.let_pass(1);
  for (int i = 0; i < many; ++i) count_slowly(other->submit(square, i), calls);
  may_go_on.set_value();
  is_gone.get_future().wait();
  while (calls < many) std::this_thread::yield();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
