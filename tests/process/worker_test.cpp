// Goal: a worker runs a function of this program with what the request gave it, and its end is told
// once and rightly.
// Method: real workers of this test's own image.

#include "support/launch_fixture.hpp"
#include "support/print.hpp"

#include "troupe/os/pipe.hpp"
#include "troupe/process/zygote.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace troupe {
namespace {

using descriptors = std::span<os::fd>;
using bytes = std::span<const std::byte>;
using test::launch_fixture;

int returns_3(descriptors, bytes) {
  return 3;
}
int returns_256(descriptors, bytes) {
  return 256;
}
int returns_minus_1(descriptors, bytes) {
  return -1;
}
int calls_exit_8(descriptors, bytes) {
  std::exit(8);
}
int kills_itself(descriptors, bytes) {
  return ::kill(::getpid(), SIGTERM);
}
int throws(descriptors, bytes) {
  throw std::runtime_error{"no luck"};
}
int throws_a_number(descriptors, bytes) {
  throw 5;
}

int hangs(descriptors, bytes) {
  for (;;) ::pause();
}

// Answers on its only descriptor what it was given and what it finds.
int tells_about_itself(descriptors passed, bytes argument) {
  std::string text{reinterpret_cast<const char*>(argument.data()), argument.size()};
  text += passed.size() == 1 ? " one" : " other";
  text += ::getpgid(0) == ::getpid() ? " leader" : " member";
  char comm[32] = {};
  std::ifstream{"/proc/self/comm"}.getline(comm, sizeof comm);
  text += std::string{" "} + comm;
  text += ::getenv("TROUPE_ZYGOTE_FD") == nullptr ? " unmarked" : " marked";
  text += is_host_initialised() ? " initialised" : " not";
  char letter = 0;
  text += ::read(STDIN_FILENO, &letter, 1) == 0 ? " no-stdin" : " stdin";
  return os::write_some(passed[0], std::as_bytes(std::span{text})).has_value() ? 0 : 1;
}

int shows_environment(descriptors, bytes) {
  const char* given = std::getenv("TROUPE_TEST");
  std::puts(given != nullptr ? given : "(unset)");
  std::puts(std::getenv("PATH") != nullptr ? "inherited" : "clear");
  char path[4096];
  std::puts(::getcwd(path, sizeof path));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::puts(std::to_string(limit.rlim_cur).c_str());
  return 0; // stdio is flushed by the normal exit.
}

int counts_descriptors(descriptors passed, bytes) {
  int open_count = 0;
  for (int number = 3; number < 1024; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) ++open_count;
  }
  return open_count == static_cast<int>(passed.size()) ? 0 : 1;
}

int has_default_signals(descriptors, bytes) {
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  constexpr int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
  for (int signal = 1; signal < SIGRTMAX; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    const bool has_own_handler = std::find(deadly, std::end(deadly), signal) != std::end(deadly);
    if (action.sa_handler != SIG_DFL && !has_own_handler) return signal;
    if (::sigismember(&blocked, signal) == 1) return signal;
  }
  return 0;
}

int sums_first_and_last(descriptors, bytes argument) {
  return static_cast<int>(argument.front()) + static_cast<int>(argument.back());
}

int runs_a_worker_of_its_own(descriptors, bytes) {
  launch_fixture fixture;
  const auto code = fixture.start_worker(returns_3)->exited().status.code();
  return code.value_or(99) + 10;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto view = std::as_bytes(std::span{text});
  return {view.begin(), view.end()};
}

std::string read_all(const os::fd& from) {
  std::string out;
  std::array<std::byte, 256> buffer;
  for (;;) {
    const auto size = os::read_some(from, buffer);
    if (!size) return out;
    out.append(reinterpret_cast<const char*>(buffer.data()), *size);
  }
}

BOOST_AUTO_TEST_SUITE(worker_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(return_value_is_the_exit_code, launch_fixture) {
  const auto worker = start_worker(returns_3);
  const auto record = worker->exited();
  BOOST_TEST((record.status == exit_status::exited_with(3)));
  BOOST_TEST(record.pid == worker->started()->pid());
  BOOST_TEST(record.name == "test/0");
  BOOST_TEST(record.stack.empty());
  BOOST_TEST(record.usage.rss_max_kib > 0);
}

BOOST_FIXTURE_TEST_CASE(exit_code_is_taken_modulo_256, launch_fixture) {
  BOOST_TEST((start_worker(returns_256)->exited().status == exit_status::exited_with(0)));
  BOOST_TEST((start_worker(returns_minus_1)->exited().status == exit_status::exited_with(255)));
  BOOST_TEST((start_worker(calls_exit_8)->exited().status == exit_status::exited_with(8)));
}

BOOST_FIXTURE_TEST_CASE(signal_is_told_as_a_signal, launch_fixture) {
  BOOST_TEST((start_worker(kills_itself)->exited().status == exit_status::killed_by(SIGTERM)));
}

BOOST_FIXTURE_TEST_CASE(uncaught_exception_is_printed_and_exits_with_1, launch_fixture) {
  const auto record = start_worker(throws)->exited();
  BOOST_TEST((record.status == exit_status::exited_with(1)));
  BOOST_TEST_REQUIRE(record.stderr_tail.size() == 1);
  BOOST_TEST(record.stderr_tail[0].find("no luck") != std::string::npos);
  BOOST_TEST((start_worker(throws_a_number)->exited().status == exit_status::exited_with(1)));
}

BOOST_FIXTURE_TEST_CASE(it_gets_argument_descriptor_name_group_and_no_stdin, launch_fixture) {
  auto pipe = os::make_pipe();
  const auto worker =
      start_worker(tells_about_itself, {.name = "parse/2"}, {&pipe.writer}, bytes_of("argument"));
  pipe.writer.reset();
  BOOST_TEST(read_all(pipe.reader) == "argument one leader parse/2 unmarked initialised no-stdin");
  BOOST_TEST(worker->exited().status.is_success());
}

BOOST_FIXTURE_TEST_CASE(it_has_only_the_descriptors_of_the_request, launch_fixture) {
  const auto stray = os::make_pipe();
  BOOST_TEST(start_worker(counts_descriptors)->exited().status.is_success());
  const std::vector<const os::fd*> eight(8, &stray.reader);
  BOOST_TEST(start_worker(counts_descriptors, {}, eight)->exited().status.is_success());
}

BOOST_FIXTURE_TEST_CASE(signals_are_reset, launch_fixture) {
  BOOST_TEST((start_worker(has_default_signals)->exited().status == exit_status::exited_with(0)));
}

BOOST_FIXTURE_TEST_CASE(environment_directory_and_limits_are_set, launch_fixture) {
  process_options options;
  options.env = {{"TROUPE_TEST", "yes"}};
  options.working_dir = "/usr";
  options.limits = {{RLIMIT_NOFILE, 77, 77}};
  const auto worker = start_worker(shows_environment, options);
  BOOST_TEST(worker->exited().status.is_success());
  const std::vector<std::string> wanted{"yes", "inherited", "/usr", "77"};
  BOOST_TEST(worker->out() == wanted, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(clear_env_leaves_only_what_was_given, launch_fixture) {
  const auto worker = start_worker(shows_environment, {.clear_env = true});
  BOOST_TEST(worker->exited().status.is_success());
  BOOST_TEST(worker->out()[0] == "(unset)");
  BOOST_TEST(worker->out()[1] == "clear");
}

BOOST_FIXTURE_TEST_CASE(largest_argument_arrives_and_a_larger_one_is_refused, launch_fixture) {
  std::vector<std::byte> largest(launch_argument_bytes_max);
  largest.front() = std::byte{40};
  largest.back() = std::byte{2};
  BOOST_TEST((start_worker(sums_first_and_last, {}, {}, largest)->exited().status ==
              exit_status::exited_with(42)));
  largest.push_back(std::byte{0});
  const auto refused = start_worker(sums_first_and_last, {}, {}, largest);
  BOOST_TEST(refused->start_failure().code == errc::too_large);
}

BOOST_FIXTURE_TEST_CASE(many_large_requests_at_once_all_arrive, launch_fixture) {
  const std::vector<std::byte> large(launch_argument_bytes_max, std::byte{4});
  std::vector<std::shared_ptr<test::recording_observer>> workers;
  for (int i = 0; i < 50; ++i) {
    workers.push_back(start_worker(sums_first_and_last, {}, {}, large));
  }
  for (const auto& worker : workers) {
    BOOST_TEST((worker->exited().status == exit_status::exited_with(8)));
  }
}

BOOST_FIXTURE_TEST_CASE(wrong_requests_are_refused_with_the_reason, launch_fixture) {
  const os::fd empty;
  BOOST_TEST(start_worker(returns_3, {}, {&empty})->start_failure().code == errc::bad_argument);
  const auto pipe = os::make_pipe();
  const std::vector<const os::fd*> nine(9, &pipe.reader);
  BOOST_TEST(start_worker(returns_3, {}, nine)->start_failure().code == errc::too_large);
  const auto no_dir = start_worker(returns_3, {.name = "a/1", .working_dir = "/no/such"});
  const auto failure = no_dir->start_failure();
  BOOST_TEST(failure.code == errc::start_failed);
  BOOST_TEST(failure.os_error == ENOENT);
  BOOST_TEST(
      failure.message ==
      "cannot start 'a/1': cannot enter its working_dir '/no/such': No such file or directory");
  const auto bad_limit = start_worker(returns_3, {.limits = {{RLIMIT_NOFILE, 10, 5}}});
  BOOST_TEST(bad_limit->start_failure().message.find("limit 'nofile' to 10") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(signals_reach_it_and_are_harmless_after_its_end, launch_fixture) {
  const auto worker = start_worker(hangs);
  const auto child = worker->started();
  child->signal(SIGUSR1, signal_scope::group);
  BOOST_TEST((worker->exited().status == exit_status::killed_by(SIGUSR1)));
  child->signal(SIGKILL, signal_scope::process);
  child->signal(SIGKILL, signal_scope::group);
  BOOST_TEST(worker->exits() == 1);
}

BOOST_FIXTURE_TEST_CASE(worker_may_have_workers_of_its_own, launch_fixture) {
  BOOST_TEST(
      (start_worker(runs_a_worker_of_its_own)->exited().status == exit_status::exited_with(13)));
}

BOOST_AUTO_TEST_CASE(destroying_the_launcher_ends_and_tells_everything) {
  std::vector<std::shared_ptr<test::recording_observer>> workers;
  {
    launch_fixture fixture;
    for (int i = 0; i < 10; ++i) workers.push_back(fixture.start_worker(hangs));
    for (const auto& worker : workers) BOOST_TEST_REQUIRE(worker->started());
  }
  for (const auto& worker : workers) {
    BOOST_TEST(worker->exits() == 1);
    BOOST_TEST((worker->exited().status == exit_status::killed_by(SIGKILL)));
  }
}

BOOST_AUTO_TEST_CASE(destroying_the_launcher_answers_requests_under_way) {
  std::vector<std::shared_ptr<test::recording_observer>> workers;
  {
    launch_fixture fixture;
    for (int i = 0; i < 10; ++i) workers.push_back(fixture.start_worker(hangs));
  }
  for (const auto& worker : workers) BOOST_TEST((worker->has_failed() || worker->has_exited()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
