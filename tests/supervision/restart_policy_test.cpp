// Goal: every end of a worker gets the verdict that OTP's documented rules and the YAML reference
// give it, and a worker that keeps dying is given up.
// Method: feed ends at chosen instants to the pure policy; no process, no actor, no sleep.

#include "troupe/process/launcher.hpp"
#include "troupe/supervision/give_up_cause.hpp"
#include "troupe/supervision/restart_policy.hpp"

#include "support/print.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <deque>
#include <random>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using enum restart_verdict;

constexpr auto success = exit_status::exited_with(0);
constexpr auto code_3 = exit_status::exited_with(3);
constexpr auto segv = exit_status::killed_by(SIGSEGV, true);
constexpr auto killed = exit_status::killed_by(SIGKILL);

restart_verdict verdict(restart_type type, exit_status status, end_kind kind = end_kind::exited) {
  auto policy = restart_policy{{.policy = type}, 1};
  return policy.decide(kind, status, time_point{});
}

restart_policy limited(std::uint32_t intensity, duration period) {
  return {{.intensity = intensity, .period = period}, 1};
}

restart_verdict crash(restart_policy& policy, duration at) {
  return policy.decide(end_kind::exited, segv, time_point{} + at);
}

BOOST_AUTO_TEST_SUITE(restart_policy_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(restart_types_follow_otp) { // Cases 1 to 5.
  struct row {
    exit_status status;
    restart_verdict permanent, transient, temporary;
  };
  const row table[] = {
      {success, restart, complete, complete},
      {code_3, restart, restart, park},
      {segv, restart, restart, park},
      {killed, restart, restart, park},
      {exit_status::unknown(), restart, restart, park},
      {exit_status::exited_with(143), restart, restart, park},
  };
  for (const auto& row : table) {
    BOOST_TEST_CONTEXT(to_string(row.status)) {
      BOOST_TEST(verdict(restart_type::permanent, row.status) == row.permanent);
      BOOST_TEST(verdict(restart_type::transient, row.status) == row.transient);
      BOOST_TEST(verdict(restart_type::temporary, row.status) == row.temporary);
    }
  }
}

BOOST_AUTO_TEST_CASE(worker_that_never_was_ready_has_not_succeeded) {
  for (const auto kind : {end_kind::start_failed, end_kind::start_timeout}) {
    BOOST_TEST(verdict(restart_type::permanent, success, kind) == restart);
    BOOST_TEST(verdict(restart_type::transient, success, kind) == restart);
    BOOST_TEST(verdict(restart_type::temporary, success, kind) == park);
  }
}

BOOST_AUTO_TEST_CASE(success_exit_names_codes_and_signals) {
  auto policy = restart_policy{{.policy = restart_type::transient,
                                .success_exit = {code_3, exit_status::killed_by(SIGSEGV)}},
                               4};
  const auto decide = [&](exit_status status) {
    return policy.decide(end_kind::exited, status, time_point{});
  };
  BOOST_TEST(decide(code_3) == complete);
  BOOST_TEST(decide(segv) == complete); // With or without a core.
  BOOST_TEST(decide(success) == restart);
  BOOST_TEST(decide(exit_status::exited_with(SIGSEGV)) == restart);
  BOOST_TEST(decide(exit_status::unknown()) == restart);
}

BOOST_AUTO_TEST_CASE(prevent_wins_over_force_and_force_over_the_type) {
  for (const auto type :
       {restart_type::permanent, restart_type::transient, restart_type::temporary}) {
    auto policy = restart_policy{{.policy = type,
                                  .intensity = 1,
                                  .prevent_exit = {exit_status::exited_with(78), code_3},
                                  .force_exit = {exit_status::exited_with(75), code_3, success}},
                                 1};
    const auto decide = [&](exit_status status) {
      return policy.decide(end_kind::exited, status, time_point{});
    };
    BOOST_TEST(decide(exit_status::exited_with(78)) == park);
    BOOST_TEST(decide(code_3) == park);
    BOOST_TEST(decide(exit_status::exited_with(75)) == restart);
    // A forced restart spends the budget like any other; a prevented one does not.
    BOOST_TEST(decide(success) == give_up);
    BOOST_TEST(decide(code_3) == park);
  }
}

BOOST_AUTO_TEST_CASE(exit_lists_say_nothing_about_failed_starts) {
  auto policy = restart_policy{{.prevent_exit = {killed}}, 1};
  BOOST_TEST(policy.decide(end_kind::start_timeout, killed, time_point{}) == restart);
  BOOST_TEST(policy.decide(end_kind::exited, killed, time_point{}) == park);
}

BOOST_AUTO_TEST_CASE(third_crash_escalates_with_intensity_two) { // Case 18.
  auto policy = limited(2, 3600s);
  BOOST_TEST(crash(policy, 0s) == restart);
  BOOST_TEST(crash(policy, 1s) == restart);
  BOOST_TEST(crash(policy, 3599s) == give_up);
}

BOOST_AUTO_TEST_CASE(crashes_further_apart_than_the_period_are_tolerated) { // Case 19.
  auto policy = limited(1, 1s);
  for (int i = 0; i < 50; ++i) BOOST_TEST(crash(policy, i * 2100ms) == restart);
}

BOOST_AUTO_TEST_CASE(window_slides_and_includes_its_end) {
  auto policy = limited(2, 10s);
  BOOST_TEST(crash(policy, 0s) == restart);
  BOOST_TEST(crash(policy, 9s) == restart);
  BOOST_TEST(crash(policy, 10s + 1ns) == restart); // The first is out of the window.
  BOOST_TEST(crash(policy, 19s) == give_up);       // The second is just inside.
}

BOOST_AUTO_TEST_CASE(refused_restart_is_not_counted) {
  auto policy = limited(1, 10s);
  BOOST_TEST(crash(policy, 0s) == restart);
  BOOST_TEST(crash(policy, 6s) == give_up);
  BOOST_TEST(crash(policy, 11s) == restart);
}

BOOST_AUTO_TEST_CASE(intensity_zero_never_restarts) { // Case 20.
  auto policy = limited(0, 10s);
  BOOST_TEST(crash(policy, 0s) == give_up);
  auto transient = restart_policy{{.policy = restart_type::transient, .intensity = 0}, 1};
  BOOST_TEST(transient.decide(end_kind::exited, success, time_point{}) == complete);
}

BOOST_AUTO_TEST_CASE(unlimited_intensity_always_restarts) { // Case 20.
  auto policy = limited(unlimited_restarts, 3600s);
  for (int i = 0; i < 10'000; ++i) BOOST_TEST(crash(policy, i * 1us) == restart);
}

BOOST_AUTO_TEST_CASE(excused_restarts_spend_nothing) {
  auto policy = limited(1, 1h);
  const auto excused = [&](restart_excuse why) {
    return policy.decide(end_kind::exited, segv, time_point{}, why);
  };
  BOOST_TEST(crash(policy, 0s) == restart);
  for (int i = 0; i < 100; ++i) BOOST_TEST(excused(restart_excuse::outside) == restart);
  BOOST_TEST(crash(policy, 0s) == give_up); // What was spent before is still spent.
  BOOST_TEST(excused(restart_excuse::gets_on) == restart);
  BOOST_TEST(crash(policy, 0s) == restart); // Now it is not.
  BOOST_TEST(crash(policy, 0s) == give_up);
}

BOOST_AUTO_TEST_CASE(an_excuse_does_not_change_the_restart_type) {
  auto policy = restart_policy{{.policy = restart_type::temporary}, 1};
  BOOST_TEST(policy.decide(end_kind::exited, segv, time_point{}, restart_excuse::gets_on) == park);
}

BOOST_AUTO_TEST_CASE(exhausted_budget_can_park_the_slot) { // Case 25.
  auto policy = restart_policy{{.intensity = 1, .period = 10s, .parks_when_exhausted = true}, 2};
  BOOST_TEST(crash(policy, 0s) == restart);
  BOOST_TEST(crash(policy, 1s) == park);
  BOOST_TEST(crash(policy, 11s) == restart);
}

BOOST_AUTO_TEST_CASE(default_intensity_is_three_per_replica) {
  BOOST_TEST(restart_policy({}, 1).intensity() == 3U);
  BOOST_TEST(restart_policy({}, 4).intensity() == 12U);
  BOOST_TEST(restart_policy({}, 0).intensity() == 0U);
  BOOST_TEST(restart_policy({}, 2'000'000'000).intensity() == unlimited_restarts - 1);
}

BOOST_AUTO_TEST_CASE(no_window_ever_holds_more_than_the_intensity) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  auto random = std::mt19937{seed};
  for (int round = 0; round < 200; ++round) {
    const auto intensity = std::uniform_int_distribution<std::uint32_t>{0, 5}(random);
    auto policy = limited(intensity, 1s);
    auto made = std::deque<duration>{};
    auto at = duration{};
    for (int i = 0; i < 100; ++i) {
      at += std::chrono::milliseconds{std::uniform_int_distribution{0, 700}(random)};
      while (!made.empty() && at - made.front() > 1s) made.pop_front();
      const auto expected = made.size() < intensity ? restart : give_up;
      BOOST_TEST(crash(policy, at) == expected, "seed " << seed);
      if (expected == restart) made.push_back(at);
    }
  }
}

BOOST_AUTO_TEST_CASE(only_a_passing_shortage_is_worth_a_second_first_start) {
  BOOST_TEST(!may_start_again({errc::start_failed, "no such file", ENOENT}));
  BOOST_TEST(!may_start_again({errc::start_failed, "not executable", EACCES}));
  BOOST_TEST(may_start_again({errc::start_failed, "fork", EAGAIN}));
  BOOST_TEST(may_start_again({errc::start_failed, "pipe", EMFILE}));
  BOOST_TEST(may_start_again({errc::start_failed, "the zygote died", 0}));
  BOOST_TEST(may_start_again({errc::start_failed, "the zygote died", zygote_loss_error}));
  BOOST_TEST(may_start_again({errc::system, "read", EIO}));
}

BOOST_AUTO_TEST_CASE(cause_names_pool_worker_exit_and_budget) {
  const auto policy = limited(2, 1500ms);
  auto record = exit_record{};
  record.status = code_3;
  record.pid = 4711;
  record.name = "parse/1";
  const auto cause = budget_spent("parse", slot_id{1}, end_kind::exited, record, policy);
  BOOST_TEST((cause.code == errc::broken));
  for (const auto* part : {"pool 'parse' gave up", "parse/1", "4711", "3",
                           "reached_max_restart_intensity", "2 restarts in 1500ms"})
    BOOST_TEST(cause.message.find(part) != std::string::npos, cause.message << " lacks " << part);
}

// A signal that we sent is told as our doing, with the key that made us.
BOOST_AUTO_TEST_CASE(cause_tells_why_we_killed) {
  const auto policy = limited(2, 1500ms);
  auto record = exit_record{};
  record.status = exit_status::killed_by(SIGKILL);
  record.pid = 4711;
  record.name = "parse/1";
  const auto cause = budget_spent("parse", slot_id{1}, end_kind::exited, record, policy,
                                  end_reason::message_timeout);
  BOOST_TEST(cause.message.find("parse/1 (pid 4711) was killed: it gave no answer to a message "
                                "within message_timeout, and") != std::string::npos);
  BOOST_TEST(cause.message.find("died of") == std::string::npos);
  const auto of_task = budget_spent("parse", slot_id{1}, end_kind::exited, record,
                                    limited(1, 1500ms), end_reason::task_timeout);
  BOOST_TEST(of_task.message.find("a task ran longer than its limit (task_timeout, or the timeout "
                                  "of its call), and") != std::string::npos);
  BOOST_TEST(of_task.message.find("no more than 1 restart in 1500ms") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(cause_of_a_refused_start_keeps_its_kind_and_errno) {
  const auto cause =
      start_refused("api", slot_id{0}, {errc::start_failed, "./api: No such file", ENOENT});
  BOOST_TEST((cause.code == errc::start_failed));
  BOOST_TEST(cause.os_error == ENOENT);
  BOOST_TEST(cause.message.find("api/0") != std::string::npos);
  BOOST_TEST(cause.message.find("./api: No such file") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
