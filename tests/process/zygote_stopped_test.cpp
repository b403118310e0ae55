// Goal: a zygote that is stopped hides no death, answers for nothing and holds nobody up: its
// children's ends are told, it is replaced, and ending the launcher needs no answer from it.
// Method: SIGSTOP to the zygote by hand, then whatever only a living zygote could tell.

#include "support/launch_fixture.hpp"
#include "support/process_table.hpp"

#include "troupe/os/pidfd.hpp"
#include "troupe/os/process_stat.hpp"
#include "troupe/process/detail/zygote_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace troupe {
namespace {

using detail::zygote_watch;
using test::launch_fixture;

int returns_0(std::span<os::fd>, std::span<const std::byte>) {
  return 0;
}
int hangs(std::span<os::fd>, std::span<const std::byte>) {
  for (;;) ::pause();
}
int ends_with_3_when_told(std::span<os::fd>, std::span<const std::byte>) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  int ignored = 0;
  ::puts("ready");
  ::fflush(stdout);
  ::sigwait(&wanted, &ignored);
  return 3;
}

// Stops the zygote; returns when it has stopped.
int stop_zygote() {
  const auto zygotes = test::children_of(::getpid());
  BOOST_TEST_REQUIRE(zygotes.size() == 1U);
  ::kill(zygotes[0], SIGSTOP);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(zygotes[0]), &info, WSTOPPED | WNOWAIT);
  return zygotes[0];
}

BOOST_AUTO_TEST_SUITE(zygote_stopped_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(death_of_a_worker_is_told_while_its_zygote_is_stopped, launch_fixture) {
  const auto worker = start_worker(hangs);
  BOOST_TEST_REQUIRE(worker->started());
  const int zygote = stop_zygote();
  worker->started()->signal(SIGKILL, signal_scope::process);
  BOOST_TEST((worker->exited().status == exit_status::killed_by(SIGKILL)));
  BOOST_TEST(!worker->exited().went_with_zygote);
  BOOST_TEST(start_worker(returns_0)->exited().status.is_success());
  BOOST_TEST(test::children_of(::getpid()) != std::vector{zygote});
  BOOST_TEST(worker->exits() == 1);
}

BOOST_FIXTURE_TEST_CASE(exit_code_of_a_worker_survives_a_stopped_zygote, launch_fixture) {
  const auto worker = start_worker(ends_with_3_when_told);
  BOOST_TEST_REQUIRE(worker->out_lines(1).size() == 1U);
  stop_zygote();
  worker->started()->signal(SIGUSR1, signal_scope::process);
  BOOST_TEST((worker->exited().status == exit_status::exited_with(3)));
}

BOOST_FIXTURE_TEST_CASE(start_that_a_stopped_zygote_does_not_answer_fails_and_is_replaced,
                        launch_fixture) {
  BOOST_TEST(start_worker(returns_0)->exited().status.is_success());
  stop_zygote();
  const auto pending = start_worker(returns_0);
  BOOST_TEST(!pending->started());
  BOOST_TEST(pending->start_failure().message.find("stopped") != std::string::npos);
  // Else a zygote that never answers would be tried again until the end of days.
  BOOST_TEST(pending->start_failure().os_error != zygote_loss_error);
  BOOST_TEST(start_worker(returns_0)->exited().status.is_success());
}

BOOST_FIXTURE_TEST_CASE(more_starts_than_a_stopped_zygote_can_take_are_all_answered,
                        launch_fixture) {
  BOOST_TEST(start_worker(returns_0)->exited().status.is_success());
  stop_zygote();
  std::vector<std::shared_ptr<test::recording_observer>> all;
  const std::vector<std::byte> argument(launch_argument_bytes_max);
  for (int i = 0; i < 20; ++i) all.push_back(start_worker(returns_0, {}, {}, argument));
  for (const auto& one : all) {
    one->exited();
    BOOST_TEST(one->has_exited() != one->has_failed());
  }
  BOOST_TEST(start_worker(returns_0)->exited().status.is_success());
}

BOOST_AUTO_TEST_CASE(launcher_of_a_stopped_zygote_ends) {
  std::vector<std::shared_ptr<test::recording_observer>> workers;
  {
    launch_fixture fixture;
    for (int i = 0; i < 3; ++i) workers.push_back(fixture.start_worker(hangs));
    for (const auto& worker : workers) BOOST_TEST_REQUIRE(worker->started());
    stop_zygote();
  }
  for (const auto& worker : workers) BOOST_TEST(worker->exits() == 1);
  BOOST_TEST(test::children_of(::getpid()).empty());
}

BOOST_AUTO_TEST_CASE(zygote_is_silent_only_after_many_looks_without_a_word) {
  zygote_watch watch;
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i < zygote_watch::silent_looks_max; ++i) {
      BOOST_TEST((watch.on_look({}) == zygote_watch::verdict::answers));
    }
    const auto last = watch.on_look({.was_heard = round == 0});
    BOOST_TEST((last == zygote_watch::verdict::silent) == (round == 1));
  }
}

BOOST_AUTO_TEST_CASE(zygote_that_is_continued_in_time_stays) {
  zygote_watch watch;
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST((watch.on_look({.is_stopped = true}) == zygote_watch::verdict::answers));
    BOOST_TEST((watch.on_look({.was_heard = true}) == zygote_watch::verdict::answers));
  }
  BOOST_TEST((watch.on_look({.is_stopped = true}) == zygote_watch::verdict::answers));
  BOOST_TEST((watch.on_look({.is_stopped = true}) == zygote_watch::verdict::stopped));
}

BOOST_AUTO_TEST_CASE(zygote_that_comes_up_slowly_is_left_to_its_own_limit) {
  zygote_watch watch;
  for (int i = 0; i < 10 * zygote_watch::silent_looks_max; ++i) {
    BOOST_TEST((watch.on_look({.can_answer = false}) == zygote_watch::verdict::answers));
  }
}

BOOST_AUTO_TEST_CASE(status_of_a_dead_process_can_be_read_until_it_is_reaped) {
  for (const int code : {0, 7}) {
    const int pid = ::fork();
    if (pid == 0) ::_exit(code);
    const auto handle = os::pidfd::open(pid);
    BOOST_TEST_REQUIRE(handle.has_value());
    BOOST_TEST(handle->wait_exited(deadline::never()));
    BOOST_TEST((os::status_of_unreaped(pid, *handle) == std::optional{code << 8}));
    BOOST_TEST((handle->reap() == std::optional{code << 8}));
    BOOST_TEST(!os::status_of_unreaped(pid, *handle).has_value());
  }
  const auto self = os::pidfd::open(::getpid());
  BOOST_TEST_REQUIRE(self.has_value());
  BOOST_TEST(!os::status_of_unreaped(::getpid(), *self).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
