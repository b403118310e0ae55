// Goal: a pool that gets on does not break, whoever kills its workers; one that does not, does.
// Method: real workers, killed by their tasks or by the test, with the default budget and with
// budgets that were set.

#include "e2e/tasks.hpp"
#include "e2e/told.hpp"

#include "troupe/troupe.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <csignal>
#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::own_pid;
using test::square;

/// Waits for a worker that is not `but`; 0 when the pool has broken.
int worker_of(pool& pool, int but = 0) {
  for (;;) {
    for (const auto pid : pool.worker_pids()) {
      if (pid != but) return pid;
    }
    if (pool.stats().worker_exits > 100) return 0;
    std::this_thread::yield();
  }
}

/// Returns once the pool knows that the worker is gone.
void kill_idle(pool& pool, int pid, int number = SIGKILL) {
  const auto before = pool.stats().worker_exits;
  BOOST_REQUIRE(::kill(pid, number) == 0);
  while (pool.stats().worker_exits == before) std::this_thread::yield();
}

/// What the pool says once it is broken; submits nothing that could succeed but for that.
std::string last_words(pool& pool) {
  for (;;) {
    try {
      (void)pool.submit(square, 1).get();
    } catch (const broken_executor& e) {
      return e.what();
    } catch (const worker_lost&) {
    }
  }
}

bool is_once(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  return at != std::string::npos && text.find(part, at + 1) == std::string::npos;
}

// As a library's thread might, when the worker has nothing to do.
void die_soon() {
  std::thread{[] {
    for (int i = 0; i < 100; ++i) std::this_thread::yield();
    std::_Exit(3);
  }}.detach();
}

int never_ends() {
  for (;;) ::pause();
}

BOOST_AUTO_TEST_SUITE(restart_budget, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(idle_workers_may_be_killed_while_tasks_succeed, clean_world) {
  pool pool{{.replicas = 1}};
  for (int i = 0; i < 60; ++i)
    kill_idle(pool, pool.apply(own_pid), i % 10 != 0 ? SIGKILL : SIGSEGV);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(an_idle_pool_outlives_whoever_kills_its_workers, clean_world) {
  pool pool{{.replicas = 1}};
  int last = 0;
  for (const auto number : {SIGKILL, SIGTERM, SIGKILL, SIGINT, SIGKILL, SIGHUP, SIGKILL, SIGQUIT,
                            SIGTERM, SIGTERM, SIGTERM, SIGTERM}) {
    last = worker_of(pool, last);
    kill_idle(pool, last, number);
  }
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(crashes_and_good_tasks_in_turn_go_on, clean_world) {
  pool pool{{.replicas = 1}};
  for (int i = 0; i < 200; ++i) {
    BOOST_CHECK_THROW(pool.apply(test::raise_signal, i % 10 != 0 ? SIGKILL : SIGSEGV), worker_lost);
    BOOST_TEST(pool.apply(square, i) == i * i);
  }
}

// Answers and deaths of several workers come in any order.
BOOST_FIXTURE_TEST_CASE(crashes_and_good_tasks_side_by_side_go_on, clean_world) {
  pool pool{{.replicas = 3}};
  for (int round = 0; round < 60; ++round) {
    std::vector<future<int>> crashes;
    std::vector<future<int>> good;
    for (int i = 0; i < 3; ++i) {
      crashes.push_back(pool.submit(test::kill_self, SIGKILL));
      good.push_back(pool.submit(square, i));
    }
    for (const auto& crash : crashes) BOOST_CHECK_THROW((void)crash.get(), worker_lost);
    for (std::size_t i = 0; i < good.size(); ++i)
      BOOST_TEST(good[i].get() == static_cast<int>(i * i));
  }
}

// One sentence: what happened, to whom, and what to do.
BOOST_FIXTURE_TEST_CASE(a_pool_that_only_crashes_breaks, clean_world) {
  pool pool{{.name = "parse", .replicas = 2}};
  BOOST_TEST(pool.apply(square, 2) == 4);
  std::size_t crashes = 0;
  const auto crash_until_broken = [&] {
    for (; crashes < 1000; ++crashes) {
      try {
        (void)pool.submit(test::kill_self, SIGKILL).get();
      } catch (const worker_lost&) {
      }
    }
  };
  BOOST_CHECK_THROW(crash_until_broken(), broken_executor);
  BOOST_TEST(crashes <= 9u); // Three a worker, one that a success excuses, one that is refused.
  const auto text = last_words(pool);
  for (const auto* part :
       {"pool 'parse' gave up", "parse/", "signal KILL", "6 restarts in 30s", "raise"})
    BOOST_TEST(is_once(text, part), text);
}

BOOST_FIXTURE_TEST_CASE(idle_workers_that_die_of_themselves_break_the_pool, clean_world) {
  pool pool{{.replicas = 1, .initializer = bind_call(die_soon)}};
  // A task might just succeed in time, and the pool would get on.
  while (pool.stats().worker_exits < 4) std::this_thread::yield();
  const auto text = last_words(pool);
  BOOST_TEST(is_once(text, "exit code 3"), text);
}

BOOST_FIXTURE_TEST_CASE(an_intensity_that_was_set_is_kept_to_the_letter, clean_world) {
  pool pool{{.replicas = 1, .restart = {.intensity = 2, .backoff = {.initial = {}}}}};
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(pool.apply(square, i) == i * i);
    kill_idle(pool, worker_of(pool));
  }
  BOOST_TEST(is_once(last_words(pool), "no more than 2 restarts in 30s"));
}

BOOST_FIXTURE_TEST_CASE(a_period_that_was_set_is_kept_to_the_letter, clean_world) {
  pool pool{{.replicas = 1, .restart = {.period = 1h, .backoff = {.initial = {}}}}};
  for (int i = 0; i < 4; ++i) {
    BOOST_CHECK_THROW(pool.apply(test::kill_self, SIGKILL), worker_lost);
    if (i < 3) BOOST_TEST(pool.apply(square, i) == i * i);
  }
  BOOST_TEST(is_once(last_words(pool), "no more than 3 restarts in 3600s"));
}

BOOST_FIXTURE_TEST_CASE(deaths_of_the_zygote_spend_no_budget_that_was_set, clean_world) {
  pool pool{{.replicas = 3, .restart = {.intensity = 1, .period = 1h}}};
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST(pool.apply(square, i) == i * i);
    const auto exits = pool.stats().worker_exits;
    const auto zygotes = test::children_of(::getpid());
    BOOST_TEST_REQUIRE(zygotes.size() == 1U);
    BOOST_REQUIRE(::kill(zygotes[0], SIGKILL) == 0);
    while (pool.stats().worker_exits == exits) std::this_thread::yield();
  }
  BOOST_TEST(pool.apply(square, 3) == 9);
}

// The line is there before the next worker is.
BOOST_FIXTURE_TEST_CASE(a_worker_that_is_killed_is_told_with_what_follows, clean_world) {
  test::told told;
  pool pool{{.name = "parse", .replicas = 1, .restart = {.intensity = 2}}};
  for (const auto* number : {"1", "2"}) {
    const auto pid = pool.apply(own_pid);
    kill_idle(pool, pid);
    BOOST_TEST(pool.apply(square, 3) == 9);
    const auto line = "worker parse/0 (pid " + std::to_string(pid) +
                      ") died of signal KILL; restart " + number + " in ";
    BOOST_TEST(told.count(line) == 1U, line);
    BOOST_TEST(told.count(std::string{"("} + number + " of 2 that restart.intensity") == 1U);
  }
}

BOOST_FIXTURE_TEST_CASE(a_task_that_takes_too_long_is_told_with_what_follows, clean_world) {
  test::told told;
  pool pool{{.name = "parse", .replicas = 1, .task_timeout = 50ms}};
  BOOST_CHECK_THROW(pool.apply(never_ends), task_timeout_error);
  BOOST_TEST(pool.apply(square, 3) == 9);
  BOOST_TEST(told.count("was killed: a task ran longer than its limit") == 1U);
  BOOST_TEST(told.count("; restart 1 ") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
