// Goal: a time limit is kept, and costs the task that exceeds it and no other.
// Method: tasks that never end, and tasks that end just after their limit.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string_view>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::gate;
using test::square;
using test::wait_at_gate;

// Enough restarts for the cases that kill on purpose, without pauses.
restart_spec forgiving() {
  return {.intensity = unlimited_restarts, .backoff = {.initial = 0ns}};
}

BOOST_AUTO_TEST_SUITE(pool_limits, *boost::unit_test::timeout(120))

// J11: only the task that exceeds its limit is killed, its worker is replaced.
BOOST_FIXTURE_TEST_CASE(a_time_limit_costs_only_the_task_that_exceeds_it, clean_world) {
  gate gate;
  pool pool{{.replicas = 2, .restart = forgiving()}};
  const auto bystander = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const auto bystander_pid = pool.worker_pids();
  const auto endless = pool.submit_with({.timeout = 100ms}, test::loop_for_ever);
  std::vector<future<int>> behind;
  for (int i = 0; i < 10; ++i) behind.push_back(pool.submit(square, i));
  BOOST_CHECK_EXCEPTION(endless.get(), task_timeout_error, [](const task_timeout_error& e) {
    const std::string_view text = e.what();
    return e.code() == errc::time_limit && text.find("of pool 'pool'") != text.npos &&
           text.find("100 ms") != text.npos && text.find("worker pool/") != text.npos;
  });
  for (int i = 0; i < 10; ++i) BOOST_TEST(behind[static_cast<std::size_t>(i)].get() == i * i);
  gate.let_pass(1);
  BOOST_TEST(bystander.get() > 0);
  const auto counted = pool.stats();
  BOOST_TEST(counted.timed_out == 1u);
  BOOST_TEST(counted.worker_exits == 1u);
  BOOST_TEST(counted.lost == 0u);
}

// The time a task waits behind another does not count.
BOOST_FIXTURE_TEST_CASE(the_limit_counts_from_when_the_task_begins, clean_world) {
  gate gate;
  pool pool{{.replicas = 1, .restart = forgiving()}};
  const auto first = pool.submit(wait_at_gate, gate.name());
  gate.wait_for(1);
  const auto second = pool.submit_with({.timeout = 50ms}, square, 3);
  BOOST_TEST(!second.wait_for(200ms));
  gate.let_pass(1);
  BOOST_TEST(second.get() == 9);
  BOOST_TEST(first.get() > 0);
  BOOST_TEST(pool.stats().timed_out == 0u);
}

int spin_for_us(int us) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds{us};
  while (std::chrono::steady_clock::now() < end) {
  }
  return us;
}

// A task may end just when it is judged, and its worker would begin the next one before it is
// killed.
BOOST_FIXTURE_TEST_CASE(a_time_limit_costs_no_task_that_waits_behind, clean_world) {
  pool pool{{.replicas = 1, .restart = forgiving()}};
  int late = 0;
  for (int round = 0; late < 300; ++round) {
    const auto limited = pool.submit_with({.timeout = 2ms}, spin_for_us, 2000 + round * 37 % 2000);
    std::vector<future<int>> behind;
    for (int i = 0; i < 3; ++i) behind.push_back(pool.submit(spin_for_us, 3000));
    for (const auto& each : behind) BOOST_TEST_REQUIRE(each.get() == 3000);
    try {
      (void)limited.get();
    } catch (const task_timeout_error&) {
      ++late;
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_pool_wide_limit_ends_every_endless_task, clean_world) {
  pool pool{{.replicas = 2, .task_timeout = 50ms, .restart = forgiving()}};
  std::vector<future<int>> all;
  for (int i = 0; i < 6; ++i) all.push_back(pool.submit(test::loop_for_ever));
  for (const auto& each : all) BOOST_CHECK_THROW(each.get(), task_timeout_error);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
