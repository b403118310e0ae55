// Goal: a worker that is executed is in no way less than one that is forked, and a program whose
// global objects start threads has its workers executed without being asked, and is told so once.
// Method: workers tell what they are. Everything else is the whole suite, which runs once more with
// a zygote that has a thread (process_spawn).

#include "support/launch_fixture.hpp"
#include "support/process_table.hpp"
#include "support/threaded_zygote.hpp"

#include "troupe/os/pipe.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace troupe {
namespace {

using test::launch_fixture;

constexpr auto own_pipe_variable = "TROUPE_TEST_OWN_PIPE";

// As libraries have them: something made before main, with this variable also descriptors.
struct global_object {
  int made_in = ::getpid();
  int own_pipe[2] = {-1, -1};
  global_object() {
    if (std::getenv(own_pipe_variable) == nullptr) return;
    static_cast<void>(!::pipe2(own_pipe, O_CLOEXEC));
  }
};
const global_object global;

int tells_what_it_is(std::span<os::fd>, std::span<const std::byte>) {
  int death_signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  std::printf("%s\n", global.made_in == ::getpid() ? "executed" : "forked");
  std::printf("%s\n", ::getpgrp() == ::getpid() ? "leads its group" : "in another's group");
  std::printf("%d\n", death_signal);
  std::printf("%d\n", ::getppid());
  std::printf("%s\n", std::getenv("TROUPE_WORKER_FD") == nullptr ? "clean" : "has the role");
  const bool has_pipe = ::fcntl(global.own_pipe[0], F_GETFD) >= 0;
  std::printf("%s\n", has_pipe ? "has what is its own" : "has lost it");
  return 4;
}

int echoes(std::span<os::fd> passed, std::span<const std::byte> argument) {
  return passed.size() == 1 && os::write_some(passed.front(), argument).has_value() ? 0 : 1;
}

[[gnu::noinline]] void crash_in_its_own_image() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}
int crashes(std::span<os::fd>, std::span<const std::byte>) {
  crash_in_its_own_image();
  return 0;
}
int hangs(std::span<os::fd>, std::span<const std::byte>) {
  for (;;) ::pause();
}
int returns_0(std::span<os::fd>, std::span<const std::byte>) {
  return 0;
}

std::shared_ptr<test::recording_observer> start(launch_fixture& fixture, start_method method,
                                                launch_fixture::entry_function* entry,
                                                std::vector<const os::fd*> descriptors = {},
                                                std::vector<std::byte> argument = {}) {
  auto observer = std::make_shared<test::recording_observer>();
  fixture.starter->start(worker_request{.options = {.name = "test/0"},
                                        .entry = entry,
                                        .descriptors = std::move(descriptors),
                                        .argument = std::move(argument),
                                        .method = method},
                         observer);
  return observer;
}

struct counted_log {
  std::mutex mutex;
  std::vector<std::string> lines;
  launcher_log sink() {
    return [this](std::string_view line) {
      const std::lock_guard lock{mutex};
      lines.emplace_back(line);
    };
  }
};

void settle(launch_fixture& fixture) {
  std::promise<void> done;
  fixture.reactor.post([&] { done.set_value(); });
  done.get_future().wait();
}

BOOST_AUTO_TEST_SUITE(start_method_suite, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(executed_worker_is_a_child_like_any_other, launch_fixture) {
  ::setenv(own_pipe_variable, "1", 1);
  const auto worker = start(*this, start_method::spawn, tells_what_it_is);
  worker->started();
  ::unsetenv(own_pipe_variable);
  BOOST_TEST((worker->exited().status == exit_status::exited_with(4)));
  BOOST_TEST_REQUIRE(worker->out().size() == 6U);
  BOOST_TEST(worker->out()[0] == "executed");
  BOOST_TEST(worker->out()[1] == "leads its group");
  BOOST_TEST(std::stoi(worker->out()[2]) == SIGKILL);
  BOOST_TEST(std::vector{std::stoi(worker->out()[3])} == test::children_of(::getpid()));
  BOOST_TEST(worker->out()[4] == "clean");
  BOOST_TEST(worker->out()[5] == "has what is its own");
}

BOOST_FIXTURE_TEST_CASE(both_methods_serve_in_one_program, launch_fixture) {
  if (std::getenv(test::threaded_zygote_variable) != nullptr) return; // There, nothing is forked.
  for (int i = 0; i < 5; ++i) {
    const auto forked = start(*this, start_method::zygote, tells_what_it_is);
    const auto executed = start(*this, start_method::spawn, tells_what_it_is);
    forked->exited();
    executed->exited();
    BOOST_TEST(forked->out().at(0) == "forked");
    BOOST_TEST(executed->out().at(0) == "executed");
    BOOST_TEST(forked->out().at(3) == executed->out().at(3)); // One zygote.
  }
}

BOOST_FIXTURE_TEST_CASE(executed_worker_gets_what_was_sent_with_it, launch_fixture) {
  const auto pipe = os::make_pipe();
  const std::vector<std::byte> argument{std::byte{1}, std::byte{2}, std::byte{3}};
  const auto worker = start(*this, start_method::spawn, echoes, {&pipe.writer}, argument);
  BOOST_TEST(worker->exited().status.is_success());
  std::vector<std::byte> answer(10);
  const auto size = os::read_some(pipe.reader, answer);
  BOOST_TEST_REQUIRE(size.has_value());
  answer.resize(*size);
  BOOST_TEST((answer == argument));
}

BOOST_FIXTURE_TEST_CASE(crash_of_an_executed_worker_has_a_named_stack, launch_fixture) {
  const auto record = start(*this, start_method::spawn, crashes)->exited();
  BOOST_TEST((record.status.signal() == SIGSEGV));
  std::string stack;
  for (const auto& frame : record.stack) stack += frame + "\n";
  BOOST_TEST(stack.find("crash_in_its_own_image") != std::string::npos, stack);
}

BOOST_FIXTURE_TEST_CASE(executed_workers_go_with_their_zygote, launch_fixture) {
  const auto worker = start(*this, start_method::spawn, hangs);
  BOOST_TEST_REQUIRE(worker->started());
  for (const int zygote : test::children_of(::getpid())) ::kill(zygote, SIGKILL);
  BOOST_TEST(worker->exited().status.signal().has_value());
  BOOST_TEST((start(*this, start_method::spawn, returns_0)->exited().status.is_success()));
}

BOOST_AUTO_TEST_CASE(program_with_threads_is_told_once_that_nothing_is_forked) {
  const test::threaded_zygote threaded;
  counted_log log;
  {
    launch_fixture fixture;
    fixture.starter = make_launcher(fixture.reactor, log.sink());
    for (int round = 0; round < 3; ++round) {
      const auto worker = start(fixture, start_method::zygote, tells_what_it_is);
      BOOST_TEST((worker->exited().status == exit_status::exited_with(4)));
      BOOST_TEST(worker->out().at(0) == "executed");
      // The next zygote has the threads, too.
      const auto witness = start(fixture, start_method::zygote, hangs);
      BOOST_TEST_REQUIRE(witness->started());
      for (const int zygote : test::children_of(::getpid())) ::kill(zygote, SIGKILL);
      witness->exited();
    }
    settle(fixture);
  }
  // That zygotes died is told, too.
  std::erase_if(log.lines,
                [](const std::string& line) { return line.starts_with("the zygote died"); });
  BOOST_TEST_REQUIRE(log.lines.size() == 1U);
  BOOST_TEST(log.lines[0].find("2 threads") != std::string::npos, log.lines[0]);
  BOOST_TEST(log.lines[0].find("start.method: spawn") != std::string::npos, log.lines[0]);
}

BOOST_AUTO_TEST_CASE(who_has_chosen_to_spawn_is_told_nothing) {
  const test::threaded_zygote threaded;
  counted_log log;
  {
    launch_fixture fixture;
    fixture.starter = make_launcher(fixture.reactor, log.sink());
    BOOST_TEST((start(fixture, start_method::spawn, returns_0)->exited().status.is_success()));
    BOOST_TEST(fixture.start_command({TROUPE_PUPPET, "exit", "0"})->exited().status.is_success());
    settle(fixture);
  }
  BOOST_TEST(log.lines.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
