// Goal: a zygote that is killed leaves nothing, not even what left its workers' groups and
// sessions. Method: workers start daemons of several kinds and tell their pids; SIGKILL to the
// zygote; pidfds of all of them must fire, and those of strangers must not.

#include "support/launch_fixture.hpp"
#include "support/process_table.hpp"

#include "troupe/os/pidfd.hpp"
#include "troupe/os/process_mark.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace troupe {
namespace {

using namespace std::chrono_literals;

using test::launch_fixture;

constexpr auto left_behind_after = 60s;

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}

// One process of another session whose parent is gone; it tells its pid.
template<class F>
void start_daemon(F run) {
  if (::fork() != 0) {
    ::wait(nullptr);
    return;
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  std::printf("%d\n", static_cast<int>(::getpid()));
  std::fflush(stdout);
  run();
}

int leaves_daemons(std::span<os::fd>, std::span<const std::byte>) {
  std::printf("%d\n", static_cast<int>(::getppid()));
  std::fflush(stdout);
  start_daemon(wait_for_ever);
  start_daemon([] {
    ::raise(SIGSTOP);
    wait_for_ever();
  });
  start_daemon([] {
    for (int number = 1; number < 65; ++number) ::signal(number, SIG_IGN);
    wait_for_ever();
  });
  start_daemon([] {
    ::close(STDOUT_FILENO); // It has something to say, too.
    ::execl(TROUPE_PUPPET, TROUPE_PUPPET, "hang", nullptr);
    ::_exit(127);
  });
  wait_for_ever();
}
constexpr std::size_t daemons = 4;

// A zygote with a worker and its daemons, held by pidfds.
struct family {
  explicit family(launch_fixture& fixture) : worker{fixture.start_worker(leaves_daemons)} {
    const auto lines = worker->out_lines(1 + daemons);
    BOOST_TEST_REQUIRE(lines.size() == 1 + daemons);
    zygote = std::stoi(lines[0]);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      auto handle = os::pidfd::open(std::stoi(lines[i]));
      BOOST_TEST_REQUIRE(handle.has_value());
      daemon_handles.push_back(std::move(*handle));
    }
  }
  bool is_gone() const {
    const auto limit = deadline::after(left_behind_after);
    for (const auto& one : daemon_handles) {
      if (!one.wait_exited(limit)) return false;
    }
    return true;
  }
  bool is_whole() const {
    for (const auto& one : daemon_handles) {
      if (one.has_exited()) return false;
    }
    return true;
  }

  std::shared_ptr<test::recording_observer> worker;
  int zygote = 0;
  std::vector<os::pidfd> daemon_handles;
};

// A process of the test's own, with one variable in its environment.
struct stranger {
  explicit stranger(const std::string& variable) {
    pid = ::fork();
    if (pid == 0) {
      std::string entry = variable;
      ::close(STDOUT_FILENO);
      char* const environment[] = {entry.data(), nullptr};
      ::execle(TROUPE_PUPPET, TROUPE_PUPPET, "hang", nullptr, environment);
      ::_exit(127);
    }
  }
  ~stranger() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;
  int pid = 0;
};

BOOST_AUTO_TEST_SUITE(zygote_loss_suite, *boost::unit_test::timeout(200))

BOOST_AUTO_TEST_CASE(daemons_of_workers_go_with_a_killed_zygote) {
  launch_fixture fixture;
  for (int round = 0; round < 3; ++round) {
    const family one{fixture};
    ::kill(one.zygote, SIGKILL);
    BOOST_TEST(one.is_gone());
    one.worker->exited();
  }
}

BOOST_AUTO_TEST_CASE(strangers_and_other_families_stay) {
  launch_fixture others;
  const family stays{others};
  const stranger alike{"TROUPE_TREE=1-0123456789abcdef"};
  const stranger other{"NAME=value"};
  {
    launch_fixture fixture;
    const family goes{fixture};
    ::kill(goes.zygote, SIGKILL);
    BOOST_TEST(goes.is_gone());
    // The next family of the same launcher, while the last one may still be looked for.
    const family next{fixture};
    BOOST_TEST(next.is_whole());
  }
  // The launcher has ended, so its search has.
  BOOST_TEST(stays.is_whole());
  BOOST_TEST(test::is_alive(alike.pid));
  BOOST_TEST(test::is_alive(other.pid));
}

BOOST_AUTO_TEST_CASE(ending_the_launcher_waits_for_the_search) {
  std::vector<os::pidfd> handles;
  {
    launch_fixture fixture;
    family one{fixture};
    ::kill(one.zygote, SIGKILL);
    one.worker->exited(); // The loss is known.
    handles = std::move(one.daemon_handles);
  }
  for (const auto& one : handles) BOOST_TEST(one.wait_exited(deadline::after(left_behind_after)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
