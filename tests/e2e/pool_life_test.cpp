// Goal: pools start, close, terminate and recycle their workers as promised, and leave nothing
// behind. Method: real workers that stand at a gate where the order of events matters; no sleeps.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <vector>

#include <sys/wait.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::own_pid;
using test::square;
using test::wait_at_gate;

BOOST_AUTO_TEST_SUITE(pool_life, *boost::unit_test::timeout(120))

// F11, H05: senseless sizes are argument errors; size 3 has three live workers.
BOOST_FIXTURE_TEST_CASE(options_are_checked, clean_world) {
  BOOST_CHECK_THROW(pool{{.replicas = 0}}, std::invalid_argument);
  BOOST_CHECK_THROW(pool{{.replicas = -1}}, std::invalid_argument);
  BOOST_CHECK_THROW(pool({.replicas = 1, .standby = -1}), std::invalid_argument);
  BOOST_CHECK_THROW(pool({.replicas = 1, .max_in_flight = 0}), std::invalid_argument);
  BOOST_CHECK_THROW(pool({.replicas = 1, .max_attempts = 0}), std::invalid_argument);
  BOOST_CHECK_THROW(pool({.replicas = 1, .task_timeout = -1s}), std::invalid_argument);
  BOOST_CHECK_THROW(pool({.replicas = 1, .input_arena_bytes = 0}), std::invalid_argument);
  BOOST_CHECK_THROW(pool({.replicas = 1, .max_queued = 0}), std::invalid_argument);
  pool pool{{.replicas = 1}};
  BOOST_CHECK_THROW(pool.submit_with({.max_attempts = -1}, square, 1), std::invalid_argument);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(a_pool_of_three_has_three_live_workers, clean_world) {
  gate gate;
  pool pool{{.replicas = 3}};
  BOOST_TEST(pool.size() == 3u);
  std::vector<future<int>> standing;
  for (int i = 0; i < 3; ++i) standing.push_back(pool.submit(wait_at_gate, gate.name()));
  gate.wait_for(3);
  // Tasks may run before the launcher has told the host the pids.
  while (pool.worker_pids().size() < 3) std::this_thread::yield();
  const auto pids = pool.worker_pids();
  BOOST_TEST(pids.size() == 3u);
  gate.let_pass(3);
  std::set<int> answered;
  for (const auto& each : standing) answered.insert(each.get());
  BOOST_CHECK(answered == std::set<int>(pids.begin(), pids.end()));
}

// H06: 15 x max blocked tasks on a pool use exactly max workers, and submit never blocks.
BOOST_FIXTURE_TEST_CASE(blocked_tasks_use_every_worker_once, clean_world) {
  gate gate;
  pool pool{{.replicas = 3}};
  std::vector<future<int>> all;
  for (int i = 0; i < 45; ++i) all.push_back(pool.submit(wait_at_gate, gate.name()));
  gate.wait_for(3);
  BOOST_TEST(std::count_if(all.begin(), all.end(), [](const auto& f) { return f.is_running(); }) ==
             3);
  gate.let_pass(45);
  std::set<int> pids;
  for (const auto& each : all) pids.insert(each.get());
  BOOST_TEST(pids.size() == 3u);
}

// F12: terminate ends soon with thousands of long tasks queued; pending gets fail instead of
// hanging.
BOOST_FIXTURE_TEST_CASE(terminate_fails_what_is_queued_and_kills_what_runs, clean_world) {
  pool pool{{.replicas = 3}};
  std::vector<future<int>> all;
  for (int i = 0; i < 10'000; ++i) all.push_back(pool.submit(test::loop_for_ever));
  pool.terminate();
  BOOST_TEST(pool.join(20s));
  for (const auto& each : all) {
    BOOST_REQUIRE(each.is_ready());
    BOOST_TEST(each.is_cancelled());
    BOOST_CHECK_THROW(each.get(), cancelled_error);
  }
}

// F12: a thread that waits in get is woken by terminate from another thread.
BOOST_FIXTURE_TEST_CASE(terminate_wakes_a_waiting_get, clean_world) {
  gate gate;
  pool pool{{.replicas = 1}};
  const auto running = pool.submit(wait_at_gate, gate.name());
  const auto queued = pool.submit(square, 2);
  gate.wait_for(1);
  std::thread running_waiter{[&] { BOOST_CHECK_THROW(running.get(), cancelled_error); }};
  std::thread queued_waiter{[&] { BOOST_CHECK_THROW(queued.get(), cancelled_error); }};
  pool.terminate();
  running_waiter.join();
  queued_waiter.join();
}

// F13: the protocol of close, terminate and join.
BOOST_FIXTURE_TEST_CASE(a_finished_pool_refuses_tasks, clean_world) {
  pool closed{{.replicas = 1}};
  BOOST_CHECK_THROW((void)closed.join(), std::logic_error);
  closed.close();
  closed.close();
  BOOST_CHECK_THROW((void)closed.submit(square, 1), closed_error);
  BOOST_CHECK_THROW((void)closed.map(square, std::vector{1, 2}), closed_error);
  BOOST_TEST(closed.join(20s));
  BOOST_TEST(closed.join(20s));
  closed.terminate();
  pool terminated{{.replicas = 1}};
  terminated.terminate();
  terminated.terminate();
  BOOST_CHECK_THROW((void)terminated.submit(square, 1), closed_error);
  BOOST_TEST(terminated.join(20s));
  terminated.close();
}

// H15: what was submitted finishes after close; scope exit after join has nothing left to wait for.
BOOST_FIXTURE_TEST_CASE(close_finishes_what_was_submitted, clean_world) {
  pool pool{{.replicas = 2}};
  std::vector<future<int>> all;
  for (int i = 0; i < 50; ++i) all.push_back(pool.submit(square, i));
  pool.close();
  BOOST_TEST(pool.join(30s));
  for (int i = 0; i < 50; ++i) BOOST_TEST(all[static_cast<std::size_t>(i)].get() == i * i);
}

// F13: scope exit terminates, also while tasks run; futures outlive the pool.
BOOST_FIXTURE_TEST_CASE(futures_outlive_their_pool, clean_world) {
  gate gate;
  future<int> done;
  future<int> running;
  future<int> queued;
  {
    pool pool{{.replicas = 1}};
    done = pool.submit(square, 5);
    done.wait();
    running = pool.submit(wait_at_gate, gate.name());
    queued = pool.submit(square, 6);
    gate.wait_for(1);
  }
  BOOST_TEST(done.get() == 25);
  BOOST_CHECK_THROW(running.get(), cancelled_error);
  BOOST_CHECK_THROW(queued.get(), cancelled_error);
  BOOST_TEST(!queued.is_running());
  BOOST_TEST(queued.cancel());
  BOOST_TEST(!done.cancel());
  int calls = 0;
  queued.then([&](const future<int>& f) { calls += f.is_cancelled() ? 1 : 100; });
  BOOST_TEST(calls == 1);
}

// H16: closing and cancelling: most are cancelled, some finish, none is left pending.
BOOST_FIXTURE_TEST_CASE(closing_and_cancelling_leaves_nothing_pending, clean_world) {
  gate gate;
  pool pool{{.replicas = 5, .max_in_flight = 1}};
  std::vector<future<int>> all;
  for (int i = 0; i < 50; ++i) all.push_back(pool.submit(wait_at_gate, gate.name()));
  gate.wait_for(5);
  pool.close();
  int cancelled = 0;
  for (const auto& each : all) cancelled += each.cancel() ? 1 : 0;
  BOOST_TEST(cancelled == 45);
  gate.let_pass(5);
  BOOST_TEST(pool.join(30s));
  int finished = 0;
  for (const auto& each : all) {
    BOOST_REQUIRE(each.is_ready());
    if (!each.is_cancelled()) {
      BOOST_TEST(each.get() > 0);
      ++finished;
    }
  }
  BOOST_TEST(finished == 5);
}

// H14: submit never blocks, however many wait; all complete.
BOOST_FIXTURE_TEST_CASE(a_hundred_thousand_submits_do_not_block, clean_world) {
  gate gate;
  pool pool{{.replicas = 2}};
  std::vector<future<int>> standing;
  for (int i = 0; i < 2; ++i) standing.push_back(pool.submit(wait_at_gate, gate.name()));
  gate.wait_for(2);
  std::vector<future<int>> all;
  for (int i = 0; i < 100'000; ++i) all.push_back(pool.submit(square, i % 1000));
  BOOST_TEST(pool.stats().backlog > 0u);
  gate.let_pass(2);
  long wrong = 0;
  for (int i = 0; i < 100'000; ++i) {
    wrong += all[static_cast<std::size_t>(i)].get() == (i % 1000) * (i % 1000) ? 0 : 1;
  }
  BOOST_TEST(wrong == 0);
  const auto counted = pool.stats();
  BOOST_TEST(counted.submitted == 100'002u);
  BOOST_TEST(counted.resolved == 100'002u);
  BOOST_TEST(counted.backlog == 0u);
}

// queued_max bounds what waits; cancelled tasks do not count, although the backlog still holds
// them.
BOOST_FIXTURE_TEST_CASE(queued_max_bounds_the_backlog, clean_world) {
  gate gate;
  pool pool{{.replicas = 1, .max_in_flight = 1, .max_queued = 10}};
  const auto running = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  for (int round = 0; round < 3; ++round) {
    std::vector<future<int>> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(pool.submit(square, i));
    BOOST_CHECK_EXCEPTION(pool.submit(square, 1), error,
                          [](const error& e) { return e.code() == errc::would_block; });
    BOOST_TEST(pool.stats().backlog == 10u);
    for (const auto& each : waiting) BOOST_TEST(each.cancel());
    BOOST_TEST(pool.stats().backlog == 0u);
  }
  const auto last = pool.submit(square, 9);
  gate.let_pass(1);
  BOOST_TEST(running.get() > 0);
  BOOST_TEST(last.get() == 81);
}

// F17: max 10 tasks each, 100 tasks: all right, and none of the first pids is left.
BOOST_FIXTURE_TEST_CASE(workers_are_replaced_after_their_quota, clean_world) {
  pool pool{{.replicas = 3, .recycle = {.messages_max = 10}}};
  std::vector<future<std::pair<int, int>>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(pool.submit(
        [](int x) {
          return std::pair{x * x, static_cast<int>(::getpid())};
        },
        i));
  }
  std::map<int, int> tasks_of;
  for (int i = 0; i < 100; ++i) {
    const auto [value, pid] = all[static_cast<std::size_t>(i)].get();
    BOOST_TEST(value == i * i);
    ++tasks_of[pid];
  }
  for (const auto& [pid, count] : tasks_of) BOOST_TEST(count <= 10);
  BOOST_TEST(tasks_of.size() >= 10u);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

// H07: one worker, max 3: one pid for three tasks, another for the fourth.
BOOST_FIXTURE_TEST_CASE(a_quota_of_three_gives_three_tasks_to_each_worker, clean_world) {
  pool pool{{.replicas = 1, .recycle = {.messages_max = 3}}};
  std::vector<int> pids;
  for (int i = 0; i < 9; ++i) pids.push_back(pool.apply(own_pid));
  for (std::size_t i = 0; i < 9; ++i) BOOST_TEST(pids[i] == pids[i / 3 * 3]);
  BOOST_TEST(pids[0] != pids[3]);
  BOOST_TEST(pids[3] != pids[6]);
}

// H07 (+), gh-115634: max 2 with ten tasks queued at once completes, never more than two each.
BOOST_FIXTURE_TEST_CASE(a_quota_holds_when_everything_is_queued_at_once, clean_world) {
  pool pool{{.replicas = 1, .recycle = {.messages_max = 2}}};
  std::vector<future<int>> all;
  for (int i = 0; i < 10; ++i) all.push_back(pool.submit(own_pid));
  std::map<int, int> tasks_of;
  for (const auto& each : all) ++tasks_of[each.get()];
  BOOST_TEST(tasks_of.size() == 5u);
  for (const auto& [pid, count] : tasks_of) BOOST_TEST(count == 2);
}

// recycle.jitter: the second of two slots has its limit at half of the way down.
BOOST_FIXTURE_TEST_CASE(jitter_gives_each_slot_a_quota_of_its_own, clean_world) {
  pool pool{{.replicas = 2, .recycle = {.messages_max = 10, .jitter = 1.0}}};
  std::map<int, int> tasks_of;
  std::set<int> full_sizes;
  while (full_sizes.size() < 2) {
    std::vector<future<int>> all;
    for (int i = 0; i < 60; ++i) all.push_back(pool.submit(own_pid));
    for (const auto& each : all) ++tasks_of[each.get()];
    const auto up = pool.worker_pids();
    for (const auto& [pid, count] : tasks_of) {
      if (std::find(up.begin(), up.end(), pid) == up.end()) full_sizes.insert(count);
    }
  }
  BOOST_TEST((full_sizes == std::set<int>{5, 10}));
}

// F18: max 1 task each, six tasks, close at once: all six results are there.
BOOST_FIXTURE_TEST_CASE(closing_while_workers_are_replaced_loses_nothing, clean_world) {
  pool pool{{.replicas = 3, .recycle = {.messages_max = 1}}};
  std::vector<future<int>> all;
  for (int i = 0; i < 6; ++i) all.push_back(pool.submit(square, i));
  pool.close();
  BOOST_TEST(pool.join(30s));
  for (int i = 0; i < 6; ++i) BOOST_TEST(all[static_cast<std::size_t>(i)].get() == i * i);
}

int touch_memory(std::size_t size_bytes) {
  static std::vector<char> kept;
  kept.assign(size_bytes, 'x');
  return ::getpid();
}

// recycle.memory_max_bytes: a worker that has grown is replaced once it is idle.
BOOST_FIXTURE_TEST_CASE(a_worker_that_has_grown_is_replaced, clean_world) {
  pool pool{{.replicas = 1, .recycle = {.memory_max_bytes = std::uint64_t{128} << 20}}};
  const auto grown = pool.apply(touch_memory, std::size_t{256} << 20);
  while (pool.apply(own_pid) == grown) std::this_thread::yield();
  BOOST_TEST(pool.stats().lost == 0u);
}

// recycle.age_max: also without any task.
BOOST_FIXTURE_TEST_CASE(an_old_worker_is_replaced, clean_world) {
  pool pool{{.replicas = 1, .recycle = {.age_max = 100ms}}};
  const auto first = pool.apply(own_pid);
  while (pool.stats().worker_exits < 2) std::this_thread::yield();
  BOOST_TEST(pool.apply(own_pid) != first);
  BOOST_TEST(pool.stats().lost == 0u);
}

// F21: a large pool, sum of squares 0..999 = 332833500, and nothing on stderr.
BOOST_FIXTURE_TEST_CASE(two_hundred_workers_work_together, clean_world) {
  pool pool{{.replicas = 200, .output_arena_bytes = 1 << 20}};
  std::vector<int> inputs(1000);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto results = pool.map(square, inputs, {.chunk = 1});
  BOOST_TEST(std::accumulate(results.begin(), results.end(), 0LL) == 332'833'500);
}

BOOST_FIXTURE_TEST_CASE(a_pool_can_be_moved, clean_world) {
  pool first{{.replicas = 1}};
  const auto result = first.submit(square, 3);
  pool second{std::move(first)};
  BOOST_TEST(result.get() == 9);
  BOOST_TEST(second.apply(square, 4) == 16);
  // Whoever uses what was moved from gets an error, not a crash.
  BOOST_CHECK_THROW((void)first.submit(square, 1), invalid_state);
  BOOST_CHECK_THROW((void)first.map(square, std::vector{1}), invalid_state);
  BOOST_CHECK_THROW((void)first.loan_buffer(10), invalid_state);
  BOOST_CHECK_THROW(first.close(), invalid_state);
  BOOST_CHECK_THROW((void)first.stats(), invalid_state);
  BOOST_TEST(first.size() == 0u);
  first = pool{{.replicas = 1}};
  BOOST_TEST(first.apply(square, 5) == 25);
  second = std::move(first);
  BOOST_TEST(second.apply(square, 6) == 36);
}

// Callbacks may end their own pool; its thread is then the one that joins the others.
BOOST_FIXTURE_TEST_CASE(a_callback_may_destroy_its_pool, clean_world) {
  for (int round = 0; round < 10; ++round) {
    auto own = std::make_unique<pool>(pool_options{.replicas = 1});
    std::promise<void> is_gone;
    own->submit(square, 2).then([&](const future<int>&) {
      own.reset();
      is_gone.set_value();
    });
    is_gone.get_future().wait();
  }
}

// ... and ask another pool, or the same one, for more, and wait for it.
BOOST_FIXTURE_TEST_CASE(a_callback_may_submit_and_wait, clean_world) {
  pool pool{{.replicas = 1}};
  std::promise<int> sum;
  pool.submit(square, 2).then([&](const future<int>& f) {
    sum.set_value(f.get() + pool.submit(square, 3).get() + pool.apply(square, 4));
  });
  BOOST_TEST(sum.get_future().get() == 4 + 9 + 16);
}

// Fifty rounds of everything: no descriptor, no process, no thread is left (clean_world), and two
// pools at a time share one environment.
BOOST_FIXTURE_TEST_CASE(fifty_rounds_leave_nothing_behind, clean_world) {
  for (int round = 0; round < 50; ++round) {
    pool one{{.replicas = 2}};
    pool two{{.replicas = 1}};
    BOOST_TEST(one.apply(square, round) == round * round);
    if (round % 3 != 0) BOOST_TEST(two.apply(square, round) == round * round);
    if (round % 2 == 0) {
      one.close();
      BOOST_TEST(one.join(20s));
    }
  }
}

// A pool that ends before its workers have even started.
BOOST_FIXTURE_TEST_CASE(a_pool_may_end_before_its_workers_start, clean_world) {
  for (int round = 0; round < 20; ++round) {
    pool pool{{.replicas = 3}};
    const auto never = pool.submit(square, 1);
    if (round % 2 == 0) pool.terminate();
  }
  for (int round = 0; round < 20; ++round) {
    pool pool{{.replicas = 3}};
    const auto result = pool.submit(square, 3);
    pool.close();
    BOOST_TEST(pool.join(20s));
    BOOST_TEST(result.get() == 9);
  }
}

// Trap 18: a copy of the host made by fork() must leave the workers alone, even in destructors.
BOOST_FIXTURE_TEST_CASE(a_forked_copy_of_the_host_leaves_the_workers_alone, clean_world) {
  auto own = std::make_unique<pool>(pool_options{.replicas = 2});
  auto pending = own->submit(square, 7);
  auto buffer = own->loan_buffer(1000);
  BOOST_TEST(pending.get() == 49);
  while (own->worker_pids().size() < 2) std::this_thread::yield();
  const auto before = own->worker_pids();
  const int child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    bool is_refused = false;
    try {
      own->terminate();
    } catch (const forked_copy&) {
      is_refused = true;
    }
    if (!is_refused) ::_exit(1);
    pending = {};
    { const auto given_up = std::move(buffer); }
    own.reset();
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  BOOST_TEST(own->apply(square, 8) == 64);
  BOOST_TEST(own->worker_pids() == before, boost::test_tools::per_element());
  BOOST_TEST(own->stats().worker_exits == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
