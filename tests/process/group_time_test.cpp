// Goal: what is left of a group that was asked to end has time to do so after the end of its
// leader; the leader's end is told when nothing is left. Whoever was not asked is killed with its
// leader. Method: leaders that end of the signal, or when they are told to, and members that say
// that they were asked and end when the test opens their gate, or never.

#include "support/launch_fixture.hpp"
#include "support/process_table.hpp"

#include "troupe/os/pidfd.hpp"
#include "troupe/os/pipe.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include <unistd.h>

namespace troupe {
namespace {

using test::launch_fixture;
using test::recording_observer;

void say(const char* word) {
  std::printf("%s\n", word);
  std::fflush(stdout);
}

void ignore_signal(int) {}

// Says that it was asked, and ends when a letter comes through the gate.
[[noreturn]] void be_member(int gate) {
  sigset_t asked;
  sigemptyset(&asked);
  sigaddset(&asked, SIGTERM);
  sigprocmask(SIG_BLOCK, &asked, nullptr);
  std::signal(SIGTERM, ignore_signal);
  std::printf("%d\n", ::getpid());
  std::fflush(stdout);
  int number = 0;
  sigwait(&asked, &number);
  say("asked");
  char letter = 0;
  if (::read(gate, &letter, 1) == 1) say("saved");
  sigpending(&asked);
  if (sigismember(&asked, SIGTERM) == 1) say("asked twice");
  ::_exit(0);
}

// Descriptors: the gate of the member, and that of the leader.
int has_a_member(std::span<os::fd> gates, std::span<const std::byte>) {
  if (::fork() == 0) be_member(gates[0].get());
  char letter = 0;
  return ::read(gates[1].get(), &letter, 1) == 1 ? 7 : 1;
}
int has_a_stubborn_member(std::span<os::fd>, std::span<const std::byte>) {
  if (::fork() == 0) {
    std::signal(SIGTERM, SIG_IGN);
    std::printf("%d\n", ::getpid());
    std::fflush(stdout);
    for (;;) ::pause();
  }
  for (;;) ::pause();
}
// The member is no child of the leader any more.
int has_an_adopted_member(std::span<os::fd> gates, std::span<const std::byte>) {
  if (::fork() == 0) {
    if (::fork() == 0) be_member(gates[0].get());
    ::_exit(0);
  }
  for (;;) ::pause();
}
int has_a_member_that_left(std::span<os::fd> gates, std::span<const std::byte>) {
  if (::fork() == 0) {
    ::setsid();
    be_member(gates[0].get());
  }
  for (;;) ::pause();
}
int leaves_an_orphan(std::span<os::fd>, std::span<const std::byte>) {
  if (::fork() == 0) {
    say("up");
    for (;;) ::pause();
  }
  for (;;) ::pause();
}

struct group_fixture : launch_fixture {
  group_fixture() : member_gate{os::make_pipe()}, leader_gate{os::make_pipe()} {}

  void start(entry_function* entry) {
    leader = start_worker(entry, {}, {&member_gate.reader, &leader_gate.reader});
    const auto lines = leader->out_lines(1);
    BOOST_TEST_REQUIRE(lines.size() == 1);
    auto opened = os::pidfd::open(std::stoi(lines[0]));
    BOOST_TEST_REQUIRE(opened.has_value());
    member = std::move(*opened);
    auto process = os::pidfd::open(leader->started()->pid());
    BOOST_TEST_REQUIRE(process.has_value());
    leader_process = std::move(*process);
  }
  static void open_gate(os::pipe_ends& gate) {
    BOOST_TEST(os::write_some(gate.writer, std::array{std::byte{1}}).has_value());
  }
  // The member was asked, the leader is dead, and nobody was told.
  void check_that_it_waits() {
    BOOST_TEST_REQUIRE(leader->out_lines(2).size() == 2);
    BOOST_TEST(leader->out_lines(2)[1] == "asked");
    BOOST_TEST(leader_process.wait_exited(deadline::never()));
    // The zygote has seen that death by the time it has started and buried another.
    start_worker(+[](std::span<os::fd>, std::span<const std::byte>) { return 0; })->exited();
    BOOST_TEST(!leader->has_exited());
    BOOST_TEST(!member.has_exited());
  }
  void check_that_it_ends_itself(exit_status status) {
    open_gate(member_gate);
    BOOST_TEST((leader->exited().status == status));
    BOOST_TEST(leader->out().back() == "saved");
    BOOST_TEST(member.has_exited());
  }

  os::pipe_ends member_gate;
  os::pipe_ends leader_gate;
  std::shared_ptr<recording_observer> leader;
  os::pidfd member;
  os::pidfd leader_process;
};

BOOST_AUTO_TEST_SUITE(group_time_suite, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(a_group_that_was_asked_outlives_its_leader, group_fixture) {
  start(has_a_member);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  leader->started()->signal(SIGCONT, signal_scope::group_with_time);
  check_that_it_waits();
  check_that_it_ends_itself(exit_status::killed_by(SIGTERM));
}

BOOST_FIXTURE_TEST_CASE(a_member_that_is_adopted_counts, group_fixture) {
  start(has_an_adopted_member);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  check_that_it_waits();
  check_that_it_ends_itself(exit_status::killed_by(SIGTERM));
}

BOOST_FIXTURE_TEST_CASE(who_has_left_the_group_is_asked_after_its_leader, group_fixture) {
  start(has_a_member_that_left);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  check_that_it_waits();
  check_that_it_ends_itself(exit_status::killed_by(SIGTERM));
}

BOOST_FIXTURE_TEST_CASE(the_rest_is_asked_when_the_leader_has_ended, group_fixture) {
  start(has_a_member);
  leader->started()->signal(SIGTERM, signal_scope::rest_with_time);
  leader->started()->signal(SIGCONT, signal_scope::group_with_time);
  open_gate(leader_gate);
  check_that_it_waits();
  check_that_it_ends_itself(exit_status::exited_with(7));
}

BOOST_FIXTURE_TEST_CASE(the_final_signal_ends_a_group_that_waits, group_fixture) {
  start(has_a_member);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  check_that_it_waits();
  leader->started()->signal(SIGKILL, signal_scope::group);
  BOOST_TEST((leader->exited().status == exit_status::killed_by(SIGTERM)));
  BOOST_TEST(member.wait_exited(deadline::never()));
  BOOST_TEST(leader->out().back() == "asked");
}

BOOST_FIXTURE_TEST_CASE(whoever_ignores_another_final_signal_is_killed, group_fixture) {
  start(has_a_stubborn_member);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  BOOST_TEST(leader_process.wait_exited(deadline::never()));
  leader->started()->signal(SIGTERM, signal_scope::group);
  BOOST_TEST((leader->exited().status == exit_status::killed_by(SIGTERM)));
  BOOST_TEST(member.wait_exited(deadline::never()));
}

BOOST_FIXTURE_TEST_CASE(a_group_that_was_not_asked_goes_with_its_leader, group_fixture) {
  start(has_a_member);
  open_gate(leader_gate);
  BOOST_TEST((leader->exited().status == exit_status::exited_with(7)));
  BOOST_TEST(member.wait_exited(deadline::never()));
  BOOST_TEST(leader->out().size() == 1);
}

BOOST_FIXTURE_TEST_CASE(who_waits_hides_no_other_death, group_fixture) {
  start(has_a_member);
  const auto zygotes = test::children_of(::getpid());
  BOOST_TEST_REQUIRE(zygotes.size() == 1);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  check_that_it_waits();
  const auto other = start_worker(leaves_an_orphan);
  BOOST_TEST_REQUIRE(other->out_lines(1).size() == 1);
  other->started()->signal(SIGKILL, signal_scope::process);
  BOOST_TEST((other->exited().status == exit_status::killed_by(SIGKILL)));
  // The leader and its member; ends by the limit of the suite if a zombie stays.
  while (test::children_of(zygotes[0]).size() > 2) std::this_thread::yield();
  BOOST_TEST(!leader->has_exited());
  check_that_it_ends_itself(exit_status::killed_by(SIGTERM));
}

BOOST_FIXTURE_TEST_CASE(a_zygote_that_ends_everything_waits_for_nobody, group_fixture) {
  start(has_a_stubborn_member);
  leader->started()->signal(SIGTERM, signal_scope::group_with_time);
  BOOST_TEST(leader_process.wait_exited(deadline::never()));
  starter.reset();
  BOOST_TEST((leader->exited().status == exit_status::killed_by(SIGTERM)));
  BOOST_TEST(member.wait_exited(deadline::never()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
