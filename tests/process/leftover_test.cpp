// Goal: what a worker or command leaves in its group goes with it, whoever notices its death: the
// zygote, or the host when the zygote is lost.
// Method: workers start a member of their group and tell its pid; the worker or the zygote is
// killed, and the pidfd of the member must fire.

#include "support/launch_fixture.hpp"
#include "support/process_table.hpp"

#include "troupe/os/pidfd.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;

using test::launch_fixture;

constexpr auto left_behind_after = 60s;

// A member of the worker's group that bears no mark and holds none of its pipes.
void start_member() {
  int ends[2] = {};
  if (::pipe(ends) != 0) ::_exit(1);
  const int pid = ::fork();
  if (pid == 0) {
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    ::close(ends[0]);
    ::dup2(ends[1], 1); // Puppet says "ready" there.
    char* const no_environment[] = {nullptr};
    ::execle(TROUPE_PUPPET, TROUPE_PUPPET, "hang", nullptr, no_environment);
    ::_exit(127);
  }
  ::close(ends[1]);
  char letter = 0;
  if (::read(ends[0], &letter, 1) != 1) ::_exit(1);
  std::printf("%d\n", pid);
  std::fflush(stdout);
}

int leaves_a_member_when_killed(std::span<os::fd>, std::span<const std::byte>) {
  start_member();
  for (;;) ::pause();
}

enum class birth { plain, adopted };

// As a daemon: a session and a group of its own.
[[noreturn]] void leave_and_hang(birth how, bool becomes_a_program) {
  int ends[2] = {};
  if (::pipe(ends) != 0) ::_exit(1);
  if (::fork() == 0) {
    ::setsid();
    if (how == birth::adopted && ::fork() != 0) ::_exit(0);
    std::printf("%d\n", ::getpid());
    std::fflush(stdout);
    ::close(ends[0]);
    ::dup2(ends[1], STDOUT_FILENO);
    if (becomes_a_program) ::execl(TROUPE_PUPPET, TROUPE_PUPPET, "hang", nullptr);
    if (::write(STDOUT_FILENO, "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  char letter = 0;
  if (::read(ends[0], &letter, 1) == 1) std::puts("up");
  std::fflush(stdout);
  for (;;) ::pause();
}
int leaves_a_child(std::span<os::fd>, std::span<const std::byte>) {
  leave_and_hang(birth::plain, false);
}
int leaves_a_program(std::span<os::fd>, std::span<const std::byte>) {
  leave_and_hang(birth::plain, true);
}
int leaves_a_daemon(std::span<os::fd>, std::span<const std::byte>) {
  leave_and_hang(birth::adopted, true);
}

struct member_of_a_worker {
  explicit member_of_a_worker(launch_fixture& fixture,
                              launch_fixture::entry_function* entry = leaves_a_member_when_killed,
                              process_options options = {})
      : worker{fixture.start_worker(entry, std::move(options))} {
    const auto lines = worker->out_lines(1);
    BOOST_TEST_REQUIRE(!lines.empty());
    auto opened = os::pidfd::open(std::stoi(lines[0]));
    BOOST_TEST_REQUIRE(opened.has_value());
    handle = std::move(*opened);
  }
  bool is_gone() const { return handle.wait_exited(deadline::after(left_behind_after)); }

  std::shared_ptr<test::recording_observer> worker;
  os::pidfd handle;
};

BOOST_AUTO_TEST_SUITE(leftover_suite, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(group_of_a_dead_worker_goes_with_it, launch_fixture) {
  const member_of_a_worker member{*this};
  BOOST_TEST(!member.handle.has_exited());
  member.worker->started()->signal(SIGKILL, signal_scope::process);
  BOOST_TEST((member.worker->exited().status == exit_status::killed_by(SIGKILL)));
  BOOST_TEST(member.is_gone());
}

BOOST_FIXTURE_TEST_CASE(who_has_left_its_group_goes_with_a_dead_worker, launch_fixture) {
  for (auto* const entry : {leaves_a_child, leaves_a_program, leaves_a_daemon}) {
    const member_of_a_worker other{*this, entry};
    const member_of_a_worker member{*this, entry, {.env = {{"MORE", "1"}}}};
    BOOST_TEST_REQUIRE(member.worker->out_lines(2).size() == 2);
    BOOST_TEST_REQUIRE(other.worker->out_lines(2).size() == 2);
    member.worker->started()->signal(SIGKILL, signal_scope::process);
    member.worker->exited();
    BOOST_TEST(member.is_gone());
    BOOST_TEST(!other.handle.has_exited());
    other.worker->started()->signal(SIGKILL, signal_scope::process);
    BOOST_TEST(other.is_gone());
  }
}

BOOST_FIXTURE_TEST_CASE(group_of_a_worker_whose_zygote_is_killed_goes_with_it, launch_fixture) {
  const member_of_a_worker member{*this};
  // No second look by the mark: the member has none.
  for (const int zygote : test::children_of(::getpid())) ::kill(zygote, SIGKILL);
  member.worker->exited();
  BOOST_TEST(member.is_gone());
}

BOOST_FIXTURE_TEST_CASE(dead_orphans_do_not_stay_as_zombies, launch_fixture) {
  const member_of_a_worker member{*this};
  const auto zygotes = test::children_of(::getpid());
  BOOST_TEST_REQUIRE(zygotes.size() == 1);
  member.worker->started()->signal(SIGKILL, signal_scope::process);
  member.worker->exited();
  BOOST_TEST(member.is_gone());
  // Ends by the limit of the case if one stays.
  while (!test::children_of(zygotes[0]).empty()) std::this_thread::yield();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
