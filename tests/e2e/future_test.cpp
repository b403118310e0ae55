// Goal: futures tell every state of a task, wake whoever waits, and call back once.
// Method: tasks stand at a gate, so each state is held as long as the test looks at it.

#include "e2e/tasks.hpp"
#include "support/detached.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::detached;
using test::gate;
using test::square;
using test::wait_at_gate;

BOOST_AUTO_TEST_SUITE(futures, *boost::unit_test::timeout(120))

// F02: get(timeout) on a slow task is timeout_error, a later get still returns the value,
// repeatedly.
BOOST_FIXTURE_TEST_CASE(a_timeout_of_get_leaves_the_task_alone, clean_world) {
  gate gate;
  pool pool{{.replicas = 1}};
  const auto slow = pool.submit(wait_at_gate, gate.name());
  const auto start = clock::now();
  BOOST_CHECK_THROW((void)slow.get_for(30ms), timeout_error);
  BOOST_TEST((clock::now() - start >= 30ms));
  BOOST_CHECK_THROW((void)slow.get_for(0ms), timeout_error);
  BOOST_CHECK_THROW((void)slow.get_for(-1s), timeout_error);
  BOOST_TEST(!slow.wait_for(1ms));
  gate.let_pass(1);
  const auto value = slow.get();
  BOOST_TEST(value > 0);
  BOOST_TEST(slow.get() == value);
  BOOST_TEST(slow.get_for(0ms) == value);
}

// H20: the state table: pending, running, finished, failed, cancelled.
BOOST_FIXTURE_TEST_CASE(every_state_answers_every_question, clean_world) {
  gate gate;
  pool pool{{.replicas = 1, .max_in_flight = 1}};
  const auto running = pool.submit(wait_at_gate, gate.name());
  const auto pending = pool.submit(square, 2);
  const auto cancelled = pool.submit(square, 3);
  gate.wait_for(1);
  BOOST_TEST(running.is_running());
  BOOST_TEST(!running.is_ready());
  BOOST_TEST(!running.cancel());
  BOOST_TEST(!running.is_cancelled());
  BOOST_TEST(!pending.is_running());
  BOOST_TEST(!pending.is_ready());
  BOOST_TEST(cancelled.cancel());
  BOOST_TEST(cancelled.cancel());
  BOOST_TEST(cancelled.is_cancelled());
  BOOST_TEST(cancelled.is_ready());
  BOOST_TEST(!cancelled.is_running());
  BOOST_CHECK_THROW((void)cancelled.get(), cancelled_error);
  BOOST_CHECK_THROW((void)cancelled.get_for(0ms), cancelled_error);
  BOOST_CHECK_THROW(std::rethrow_exception(cancelled.exception()), cancelled_error);
  gate.let_pass(1);
  BOOST_TEST(pending.get() == 4);
  BOOST_TEST(!pending.exception());
  BOOST_TEST(!pending.cancel());
  BOOST_TEST(!running.cancel());
  BOOST_TEST(!running.is_running());
  const auto failed = pool.submit(test::throw_at, 1, 1);
  BOOST_CHECK_THROW(std::rethrow_exception(failed.exception()), std::out_of_range);
  BOOST_CHECK_THROW((void)failed.get_for(0ms), std::out_of_range);
  BOOST_TEST(!failed.cancel());
  BOOST_TEST(!failed.is_cancelled());
}

BOOST_FIXTURE_TEST_CASE(an_empty_future_says_so, clean_world) {
  future<int> empty;
  BOOST_TEST(!empty.valid());
  BOOST_CHECK_THROW((void)empty.get(), invalid_state);
  BOOST_CHECK_THROW((void)empty.is_ready(), invalid_state);
  BOOST_CHECK_THROW((void)empty.cancel(), invalid_state);
  BOOST_CHECK_THROW(empty.then([](const future<int>&) {}), invalid_state);
  pool pool{{.replicas = 1}};
  auto first = pool.submit(square, 2);
  const auto second = std::move(first);
  BOOST_TEST(!first.valid()); // NOLINT(bugprone-use-after-move)
  BOOST_TEST(second.get() == 4);
}

// H20: a cancel wakes a thread that waits, wherever the task is.
BOOST_FIXTURE_TEST_CASE(a_cancel_wakes_a_waiting_get, clean_world) {
  gate gate;
  for (const int in_flight : {1, 1000}) { // In the backlog, and in the worker's ring.
    pool pool{{.replicas = 1, .max_in_flight = in_flight}};
    const auto running = pool.submit(wait_at_gate, gate.name());
    gate.wait_for(1);
    const auto pending = pool.submit(square, 3);
    std::thread waiter{[&] { BOOST_CHECK_THROW((void)pending.get(), cancelled_error); }};
    BOOST_TEST(pending.cancel());
    waiter.join();
    gate.let_pass(1);
    running.wait();
  }
}

// Cancelling while workers race for the tasks: each is run or cancelled, never both, never neither.
BOOST_FIXTURE_TEST_CASE(cancelling_races_with_running, clean_world) {
  pool pool{{.replicas = 2}};
  for (int round = 0; round < 50; ++round) {
    std::vector<future<int>> all;
    for (int i = 0; i < 500; ++i) all.push_back(pool.submit(square, i));
    std::vector<bool> is_cancelled;
    for (std::size_t i = all.size(); i-- > 0;) is_cancelled.push_back(all[i].cancel());
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (is_cancelled[all.size() - 1 - i]) {
        BOOST_REQUIRE_THROW((void)all[i].get(), cancelled_error);
      } else {
        BOOST_REQUIRE(all[i].get() == static_cast<int>(i * i));
      }
    }
  }
  const auto counted = pool.stats();
  BOOST_TEST(counted.submitted == counted.resolved);
  BOOST_TEST(counted.backlog == 0u);
}

// F03, H19: callbacks with result, error and cancel; several in order; at once if already done; one
// that throws does not keep the next from running.
BOOST_FIXTURE_TEST_CASE(callbacks_run_once_and_in_order, clean_world) {
  gate gate;
  pool pool{{.replicas = 1, .max_in_flight = 1}};
  const auto running = pool.submit(wait_at_gate, gate.name());
  const auto failing = pool.submit(test::throw_at, 1, 1);
  const auto cancelled = pool.submit(square, 3);
  gate.wait_for(1);
  std::vector<std::string> log;
  std::promise<void> all_done;
  for (const char* name : {"a", "b", "c"}) {
    running.then([&log, name](const future<int>& f) {
      BOOST_TEST(f.is_ready());
      log.emplace_back(name);
      throw std::runtime_error{"a callback of the test, on purpose"};
    });
  }
  cancelled.then(
      [&log](const future<int>& f) { log.emplace_back(f.is_cancelled() ? "cancelled" : "?"); });
  failing.then([&](const future<int>& f) {
    log.emplace_back(f.exception() != nullptr ? "failed" : "?");
    all_done.set_value();
  });
  BOOST_TEST(cancelled.cancel());
  gate.let_pass(1);
  all_done.get_future().wait();
  BOOST_TEST(log == (std::vector<std::string>{"cancelled", "a", "b", "c", "failed"}),
             boost::test_tools::per_element());
  int calls = 0;
  running.then([&](const future<int>& f) { calls += f.get() > 0 ? 1 : 0; });
  failing.then([&](const future<int>&) {
    ++calls;
    throw 1;
  });
  cancelled.then([&](const future<int>&) { ++calls; });
  BOOST_TEST(calls == 3);
}

// F03: whoever waits for a result finds its callbacks done; a callback may ask for the result
// itself.
BOOST_FIXTURE_TEST_CASE(a_result_is_there_when_its_callbacks_have_run, clean_world) {
  gate gate;
  pool pool{{.replicas = 1}};
  for (int i = 0; i < 200; ++i) {
    const auto result = pool.submit(square, i);
    std::atomic<int> calls{0};
    for (int each = 0; each < 3; ++each) {
      result.then([&calls, i](const future<int>& f) {
        std::this_thread::yield();
        calls += f.get() == i * i ? 1 : 100;
      });
    }
    BOOST_REQUIRE(result.get() == i * i);
    BOOST_REQUIRE(calls == 3);
  }
  const auto result = pool.submit(wait_at_gate, gate.name());
  std::promise<void> may_end;
  result.then([&](const future<int>&) { may_end.get_future().wait(); });
  gate.let_pass(1);
  BOOST_CHECK_THROW(result.get_for(20ms), timeout_error);
  may_end.set_value();
  (void)result.get();
  BOOST_TEST(result.is_ready());
}

// A callback keeps the task alive when every future has been dropped.
BOOST_FIXTURE_TEST_CASE(a_callback_outlives_the_future_it_was_set_on, clean_world) {
  pool pool{{.replicas = 1}};
  std::atomic<long> sum{0};
  std::promise<void> done;
  for (int i = 1; i <= 1000; ++i) {
    pool.submit(square, i).then([&, i](const future<int>& f) {
      sum += f.get();
      if (i == 1000) done.set_value();
    });
  }
  done.get_future().wait();
  BOOST_TEST(sum.load() == 1000L * 1001 * 2001 / 6);
}

// Dropped futures: their tasks run all the same, and their records come back.
BOOST_FIXTURE_TEST_CASE(tasks_without_futures_run_to_their_end, clean_world) {
  test::temporary_folder folder;
  const auto file = (folder.path() / "count").string();
  pool pool{{.replicas = 1}};
  for (int i = 0; i < 1000; ++i) {
    (void)pool.submit(
        [](const std::string& name) {
          auto* out = std::fopen(name.c_str(), "a");
          std::fputc('x', out);
          std::fclose(out);
        },
        file);
  }
  pool.close();
  BOOST_TEST(pool.join(60s));
  BOOST_TEST(std::filesystem::file_size(file) == 1000u);
  BOOST_TEST(pool.stats().resolved == 1000u);
}

// Several threads wait for the same futures and submit at the same time.
BOOST_FIXTURE_TEST_CASE(many_threads_share_a_pool_and_its_futures, clean_world) {
  pool pool{{.replicas = 2}};
  constexpr int threads = 4;
  constexpr int rounds = 3000;
  std::atomic<long> wrong{0};
  std::vector<std::thread> all;
  const auto shared = pool.submit(square, 12);
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      const auto own = shared;
      for (int i = 0; i < rounds; ++i) {
        const auto f = pool.submit(square, i % 1000 + t);
        const auto copy = f;
        if (i % 7 == 0) (void)copy.cancel();
        if (i % 5 == 0) (void)copy.wait_for(1us);
        try {
          if (f.get() != (i % 1000 + t) * (i % 1000 + t)) ++wrong;
        } catch (const cancelled_error&) {
          if (i % 7 != 0) ++wrong;
        }
        if (own.get() != 144) ++wrong;
      }
    });
  }
  for (auto& each : all) each.join();
  BOOST_TEST(wrong.load() == 0);
  const auto counted = pool.stats();
  BOOST_TEST(counted.submitted == counted.resolved);
}

// H21: wait, in all its conditions.
BOOST_FIXTURE_TEST_CASE(wait_for_the_first_and_for_all, clean_world) {
  gate gate;
  pool pool{{.replicas = 2, .max_in_flight = 1}};
  const auto slow = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const auto quick = pool.submit(square, 3);
  const std::vector all{slow, quick, slow, quick};
  auto first = troupe::wait(all, when::first_completed);
  BOOST_REQUIRE(first.done.size() == 1u);
  BOOST_CHECK(first.done[0] == quick);
  BOOST_REQUIRE(first.not_done.size() == 1u); // Duplicates count once.
  BOOST_CHECK(first.not_done[0] == slow);
  // Already finished ones hold at once; a timeout is no error.
  BOOST_TEST(troupe::wait(all, when::first_completed).done.size() == 1u);
  const auto late = troupe::wait(all, when::all_completed, 20ms);
  BOOST_TEST(late.done.size() == 1u);
  BOOST_TEST(late.not_done.size() == 1u);
  BOOST_TEST(troupe::wait(all, when::all_completed, 0ms).not_done.size() == 1u);
  gate.let_pass(1);
  const auto both = troupe::wait(all);
  BOOST_TEST(both.done.size() == 2u);
  BOOST_CHECK(both.done[0] == slow);
  BOOST_TEST(both.not_done.empty());
}

BOOST_FIXTURE_TEST_CASE(wait_for_the_first_exception, clean_world) {
  gate gate;
  pool pool{{.replicas = 2, .max_in_flight = 1}};
  const auto slow = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const auto good = pool.submit(square, 2);
  const auto bad = pool.submit(test::throw_at, 1, 1);
  const auto found = troupe::wait(std::vector{slow, good, bad}, when::first_exception);
  BOOST_TEST(found.not_done.size() == 1u);
  BOOST_CHECK(found.not_done[0] == slow);
  // A cancelled one is no exception, nor is a value: all must be there.
  const auto withdrawn = pool.submit(wait_at_gate, gate.name());
  const auto next = pool.submit(square, 4);
  const bool is_withdrawn = next.cancel();
  gate.let_pass(2);
  const auto all = troupe::wait(std::vector{slow, withdrawn, next}, when::first_exception);
  BOOST_TEST(all.done.size() == 3u);
  BOOST_TEST(next.is_cancelled() == is_withdrawn);
}

BOOST_FIXTURE_TEST_CASE(wait_takes_any_range_and_refuses_nonsense, clean_world) {
  const std::vector<future<int>> none;
  const auto nothing = troupe::wait(none, when::first_completed);
  BOOST_TEST(nothing.done.empty());
  BOOST_TEST(nothing.not_done.empty());
  BOOST_CHECK_THROW((void)troupe::wait(none, static_cast<when>(7)), std::invalid_argument);
  BOOST_CHECK_THROW((void)troupe::wait(std::vector<future<int>>(1)), invalid_state);
  // Futures of two pools, and of tasks without value.
  pool one{{.replicas = 1}};
  pool two{{.replicas = 1}};
  const std::array<future<void>, 2> both{one.submit([] {}), two.submit([] {})};
  BOOST_TEST(troupe::wait(both).done.size() == 2u);
}

// H21: a hundred futures that finish at once are not missed; and what waited in vain leaves no
// trace.
BOOST_FIXTURE_TEST_CASE(wait_misses_nothing_when_much_finishes_at_once, clean_world) {
  pool pool{{.replicas = 2}};
  for (int round = 0; round < 50; ++round) {
    std::vector<future<int>> pending;
    for (int i = 0; i < 100; ++i) pending.push_back(pool.submit(square, i));
    std::size_t seen = 0;
    while (!pending.empty()) {
      auto found = troupe::wait(pending, when::first_completed);
      BOOST_REQUIRE(!found.done.empty());
      seen += found.done.size();
      pending = std::move(found.not_done);
    }
    BOOST_TEST(seen == 100u);
  }
}

// wait and for_each_completed inside a callback: nothing there may need the callbacks' own thread.
BOOST_FIXTURE_TEST_CASE(a_callback_may_wait_for_many, clean_world) {
  pool pool{{.replicas = 2}};
  std::promise<long> sum;
  pool.submit(square, 1).then([&](const future<int>&) {
    std::vector<future<int>> more;
    for (int i = 0; i < 20; ++i) more.push_back(pool.submit(square, i));
    long total = 0;
    for (const auto& each : troupe::wait(more).done) total += each.get();
    pool.for_each_completed(square, std::vector{1, 2, 3},
                            [&](std::size_t, int value) { total += value; });
    sum.set_value(total);
  });
  BOOST_TEST(sum.get_future().get() == 2470 + 14);
}

detached add_in_steps(pool& pool, std::promise<std::string>& result) {
  std::string log;
  const int first = co_await pool.submit(square, 3);
  const int second = co_await pool.submit(square, first);
  log += std::to_string(second);
  try {
    (void)co_await pool.submit(test::throw_at, 5, 5);
  } catch (const std::out_of_range& e) {
    log += std::string{" "} + e.what();
  }
  co_await pool.submit([] {});
  const auto done = pool.submit(square, 6);
  done.wait();
  log += " " + std::to_string(co_await done);
  result.set_value(log);
}

BOOST_FIXTURE_TEST_CASE(a_coroutine_awaits_tasks, clean_world) {
  pool pool{{.replicas = 2}};
  std::promise<std::string> result;
  add_in_steps(pool, result);
  BOOST_TEST(result.get_future().get() == "81 no 5 36");
}

// The last future dropped after its pool: by another thread, while the pool ends.
BOOST_FIXTURE_TEST_CASE(futures_may_be_dropped_while_the_pool_ends, clean_world) {
  for (int round = 0; round < 30; ++round) {
    std::vector<future<int>> all;
    std::thread dropper;
    {
      pool pool{{.replicas = 1}};
      for (int i = 0; i < 200; ++i) all.push_back(pool.submit(square, i));
      all[20].wait();
      dropper = std::thread{[mine = std::move(all)]() mutable {
        for (auto& each : mine) each = {};
      }};
    }
    dropper.join();
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
