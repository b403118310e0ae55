// Goal: the record of a crash names the signal, and the function and line where it happened.
// Method: workers that crash in known functions, also where a stack cannot be trusted.

#include "support/launch_fixture.hpp"

#include "troupe/process/detail/symbols.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace troupe {
namespace crash_sample {

// Outside the anonymous namespace: their names are what the test looks for.
[[gnu::noinline]] void crash_me(volatile int* where) {
  *where = 1;
}

int crashes(std::span<os::fd>, std::span<const std::byte>) {
  crash_me(nullptr);
  return 0;
}

int aborts(std::span<os::fd>, std::span<const std::byte>) {
  std::abort();
}

[[gnu::noinline]] int recurse_for_ever(volatile int* depth) {
  if (*depth < 0) return 0; // Never: the stack ends long before.
  volatile char page[4096];
  page[0] = static_cast<char>(*depth);
  *depth = *depth + 1;
  return recurse_for_ever(depth) + page[0];
}

int overflows_its_stack(std::span<os::fd>, std::span<const std::byte>) {
  volatile int depth = 0;
  return recurse_for_ever(&depth);
}

int jumps_to_nowhere(std::span<os::fd>, std::span<const std::byte>) {
  void (*volatile nowhere)() = nullptr;
  nowhere();
  return 0;
}

int is_signalled(std::span<os::fd>, std::span<const std::byte>) {
  return ::kill(::getpid(), SIGSEGV);
}

int crashes_in_a_thread(std::span<os::fd>, std::span<const std::byte>) {
  std::thread{[] { crash_me(nullptr); }}.join();
  return 0;
}

// Its forked child crashes; it does not.
int forks_a_crasher(std::span<os::fd>, std::span<const std::byte>) {
  if (::fork() == 0) crash_me(nullptr);
  for (;;) ::pause();
}

} // namespace crash_sample

namespace {

using test::launch_fixture;

// On a busy machine the first crashes are told before the debug information has been read.
exit_record crash_record(launch_fixture& fixture, launch_fixture::entry_function* entry) {
  for (;;) {
    auto record = fixture.start_worker(entry)->exited();
    const auto has_line = [](const std::string& frame) { return frame.find(" at ") != frame.npos; };
    if (std::any_of(record.stack.begin(), record.stack.end(), has_line)) return record;
  }
}

bool names(const std::vector<std::string>& stack, const std::string& part) {
  return std::any_of(stack.begin(), stack.end(), [&](const std::string& frame) {
    return frame.find(part) != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE(crash_suite, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(stack_names_function_and_line, launch_fixture) {
  const auto record = crash_record(*this, crash_sample::crashes);
  BOOST_TEST((record.status.signal() == SIGSEGV));
  BOOST_TEST_REQUIRE(record.stack.size() >= 2);
  BOOST_TEST(record.stack[0].starts_with("#0 troupe::crash_sample::crash_me(int volatile*) at "));
  BOOST_TEST(record.stack[0].find("crash_test.cpp:") != std::string::npos);
  BOOST_TEST(names(record.stack, "crash_sample::crashes("));
  const auto line = to_string(record);
  BOOST_TEST(line.find("died of signal SEGV") != std::string::npos);
  BOOST_TEST(line.find(" in troupe::crash_sample::crash_me (crash_test.cpp:") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(abort_is_followed_to_its_caller, launch_fixture) {
  const auto record = crash_record(*this, crash_sample::aborts);
  BOOST_TEST((record.status.signal() == SIGABRT));
  BOOST_TEST(names(record.stack, "crash_sample::aborts("));
}

BOOST_FIXTURE_TEST_CASE(crash_of_any_thread_is_reported, launch_fixture) {
  const auto record = crash_record(*this, crash_sample::crashes_in_a_thread);
  BOOST_TEST((record.status.signal() == SIGSEGV));
  BOOST_TEST(names(record.stack, "crash_sample::crash_me("));
}

BOOST_FIXTURE_TEST_CASE(stack_overflow_is_reported, launch_fixture) {
  const auto record = crash_record(*this, crash_sample::overflows_its_stack);
  BOOST_TEST((record.status.signal() == SIGSEGV));
  BOOST_TEST(names(record.stack, "recurse_for_ever("));
  BOOST_TEST(record.stack.size() <= detail::crash_frames_max);
}

BOOST_FIXTURE_TEST_CASE(jump_to_nowhere_and_foreign_signal_keep_their_status, launch_fixture) {
  const auto nowhere = start_worker(crash_sample::jumps_to_nowhere)->exited();
  BOOST_TEST((nowhere.status.signal() == SIGSEGV));
  BOOST_TEST_REQUIRE(!nowhere.stack.empty());
  BOOST_TEST(nowhere.stack[0] == "#0 0x0");
  const auto signalled = start_worker(crash_sample::is_signalled)->exited();
  BOOST_TEST((signalled.status.signal() == SIGSEGV));
}

BOOST_FIXTURE_TEST_CASE(crash_of_a_grandchild_is_not_the_workers, launch_fixture) {
  const auto worker = start_worker(crash_sample::forks_a_crasher);
  worker->started()->signal(SIGTERM, signal_scope::process);
  const auto record = worker->exited();
  BOOST_TEST((record.status.signal() == SIGTERM));
  BOOST_TEST(record.stack.empty());
}

BOOST_FIXTURE_TEST_CASE(many_crashes_at_once_are_each_told_once, launch_fixture) {
  std::vector<std::shared_ptr<test::recording_observer>> workers;
  for (int i = 0; i < 20; ++i) workers.push_back(start_worker(crash_sample::crashes));
  for (const auto& worker : workers) {
    BOOST_TEST((worker->exited().status.signal() == SIGSEGV));
    BOOST_TEST(worker->exits() == 1);
  }
}

BOOST_AUTO_TEST_CASE(forged_addresses_are_only_shown) {
  detail::crash_data crash;
  crash.signal = SIGSEGV;
  crash.program_counter = ~std::uint64_t{0};
  crash.frames = {1, 0x1000, 0x2fff, 0x3000, ~std::uint64_t{0}};
  const std::vector<detail::module_place> modules{{0x1000, 0x3000, "/no/such/lib.so"}};
  const auto stack = detail::symbolise(crash, modules, detail::symbol_detail::full);
  const std::vector<std::string> wanted{"#0 0xffffffffffffffff", "#1 0x1", "#2 lib.so+0x0",
                                        "#3 lib.so+0x1fff", "#4 0x3000"};
  BOOST_TEST(stack.size() >= 1);
  BOOST_TEST(stack[0] == wanted[0]);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
