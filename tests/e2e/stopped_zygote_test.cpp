// Goal: a pool keeps its promises while its zygote is stopped: deaths and time limits are noticed,
// what was lost is tried again, and the end waits for nobody.
// Method: SIGSTOP to the zygote while tasks stand at a gate. Limits that must not be waited for are
// longer than the case may last.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>

#include <sys/wait.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::square;
using test::wait_at_gate;

// Longer than any case.
constexpr auto never_waited_for = 10min;

void stop_zygotes() {
  for (const int zygote : test::children_of(::getpid())) {
    ::kill(zygote, SIGSTOP);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(zygote), &info, WSTOPPED | WNOWAIT);
  }
}

int only_worker_of(const pool& pool) {
  // A task may run before the launcher has told the host the pid.
  while (pool.worker_pids().empty()) std::this_thread::yield();
  return pool.worker_pids().front();
}

BOOST_AUTO_TEST_SUITE(stopped_zygote, *boost::unit_test::timeout(90))

BOOST_FIXTURE_TEST_CASE(task_of_a_worker_killed_meanwhile_is_told_as_lost, clean_world) {
  gate gate;
  pool pool{{.replicas = 1}};
  const auto standing = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const int worker = only_worker_of(pool);
  stop_zygotes();
  ::kill(worker, SIGKILL);
  BOOST_CHECK_THROW(standing.get(), worker_lost);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(task_of_a_worker_killed_meanwhile_is_tried_again, clean_world) {
  gate gate;
  pool pool{{.replicas = 1, .max_attempts = 2}};
  const auto standing = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const int worker = only_worker_of(pool);
  stop_zygotes();
  ::kill(worker, SIGKILL);
  gate.wait_for(1);
  gate.let_pass(1);
  BOOST_TEST(standing.get() != worker);
}

BOOST_FIXTURE_TEST_CASE(time_limit_of_a_task_is_kept, clean_world) {
  gate gate;
  pool pool{{.replicas = 1, .task_timeout = 300ms}};
  BOOST_TEST(pool.apply(square, 2) == 4);
  stop_zygotes();
  const auto standing = pool.submit(wait_at_gate, gate.name());
  BOOST_CHECK_THROW(standing.get(), task_timeout_error);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(end_of_the_pool_waits_for_no_limit, clean_world) {
  gate gate;
  for (const bool is_busy : {false, true}) {
    pool pool{{.replicas = 2, .stop = {.timeout = never_waited_for}}};
    BOOST_TEST(pool.apply(square, 2) == 4);
    if (is_busy) {
      static_cast<void>(pool.submit(wait_at_gate, gate.name()));
      gate.wait_for(1);
    }
    stop_zygotes();
  }
}

BOOST_FIXTURE_TEST_CASE(pool_made_with_a_stopped_zygote_comes_up, clean_world) {
  pool first{{.replicas = 1}};
  BOOST_TEST(first.apply(square, 2) == 4);
  stop_zygotes();
  pool second{{.replicas = 2, .start = {.timeout = never_waited_for}}};
  BOOST_TEST(second.apply(square, 3) == 9);
  BOOST_TEST(first.apply(square, 4) == 16);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
