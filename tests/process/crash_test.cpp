// Goal: the record of a crash names the signal, and the function and line where it happened.
// Method: workers that crash in known functions, also where a stack cannot be trusted.

#include "support/launch_fixture.hpp"

#include "troupe/os/memory_use.hpp"
#include "troupe/process/code_name.hpp"
#include "troupe/process/detail/symbols.hpp"

#include <boost/test/unit_test.hpp>

// Also in a release build.
#undef NDEBUG
#include <algorithm>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
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

int fails_an_assertion(std::span<os::fd> descriptors, std::span<const std::byte>) {
  assert(!descriptors.empty());
  return 0;
}

void throws() noexcept(false) {
  throw std::runtime_error{"nobody catches this"};
}

int terminates(std::span<os::fd>, std::span<const std::byte>) noexcept {
  throws();
  return 0;
}

// The C library finds out.
int frees_twice(std::span<os::fd>, std::span<const std::byte>) {
  void* volatile block = std::malloc(64);
  void* volatile again = block;
  std::free(block);
  std::free(again);
  return 0;
}

int aborts_in_a_comparison(std::span<os::fd>, std::span<const std::byte>) {
  std::vector<int> numbers{3, 1, 2};
  std::sort(numbers.begin(), numbers.end(), [](int, int) -> bool { std::abort(); });
  return 0;
}

int copies_from_nowhere(std::span<os::fd>, std::span<const std::byte>) {
  static char target[64];
  const char* volatile nowhere = nullptr;
  const volatile std::size_t size = sizeof target;
  std::memcpy(target, nowhere, size);
  return target[0];
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

// No C++ library of its time can demangle the name of this lambda.
template<class... Ts>
void aborts_in_a_generic_lambda(Ts... numbers) {
  const auto pass_on = [](auto&... each) {
    if (sizeof...(each) > 0) std::abort();
  };
  pass_on(numbers...);
}

int aborts_without_a_name(std::span<os::fd>, std::span<const std::byte>) {
  aborts_in_a_generic_lambda(1, 2L);
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

// Whatever the C and C++ libraries put on top, and we below.
BOOST_FIXTURE_TEST_CASE(stack_of_an_abort_is_the_users_alone, launch_fixture) {
  const std::pair<launch_fixture::entry_function*, std::string> samples[] = {
    {crash_sample::aborts, "aborts"},
    {crash_sample::fails_an_assertion, "fails_an_assertion"},
    {crash_sample::terminates, "throws"},
#if !defined(__SANITIZE_ADDRESS__) // It finds out before the C library does, and exits.
    {crash_sample::frees_twice, "frees_twice"},
#endif
    {crash_sample::aborts_in_a_comparison, "aborts_in_a_comparison"},
    // Where the optimizer has left one function of three, its name.
    {crash_sample::aborts_without_a_name, "aborts_"},
  };
  for (const auto& [entry, name] : samples) {
    const auto record = crash_record(*this, entry);
    BOOST_TEST((record.status.signal() == SIGABRT));
    const auto line = to_string(record);
    BOOST_TEST(line.find(" in troupe::crash_sample::" + name) != std::string::npos, line);
    BOOST_TEST(names(record.stack, "crash_sample::" + name));
    for (const auto& frame : record.stack) {
      for (const auto* foreign : {"_Z", " abort", "raise", "pthread_kill", "terminate(", "__cxa_",
                                  "libc", "zygote", "call_entry", "run_child", "main"}) {
        BOOST_TEST(frame.find(foreign) == std::string::npos, frame << " has " << foreign);
      }
    }
  }
}

#if !defined(__SANITIZE_ADDRESS__) // It has a memcpy of its own, through which no stack leads.
BOOST_FIXTURE_TEST_CASE(crash_in_a_system_library_is_its_callers, launch_fixture) {
  const auto record = crash_record(*this, crash_sample::copies_from_nowhere);
  BOOST_TEST_REQUIRE(!record.stack.empty());
  const auto& first = record.stack[0];
  BOOST_TEST(first.starts_with("#0 troupe::crash_sample::copies_from_nowhere("), first);
}
#endif

// libbacktrace keeps what it read, and Boost has it do so once for each thread that ever asked.
BOOST_AUTO_TEST_CASE(naming_crashes_takes_no_more_memory_with_each_launcher) {
  constexpr int warm_ups = 2;
  constexpr int lifetimes = 30;
  constexpr std::size_t growth_max_bytes = std::size_t{30} << 20; // Less than two copies of it.
  std::size_t before = 0;
  for (int i = 0; i < warm_ups + lifetimes; ++i) {
    if (i == warm_ups) before = os::resident_bytes(::getpid());
    launch_fixture fixture;
    static_cast<void>(crash_record(fixture, crash_sample::crashes));
  }
  BOOST_TEST(os::resident_bytes(::getpid()) < before + growth_max_bytes);
}

BOOST_AUTO_TEST_CASE(naming_code_takes_no_more_memory_with_each_thread) {
  constexpr std::size_t growth_max_bytes = std::size_t{30} << 20;
  const auto code = address_of_code(reinterpret_cast<const void*>(&crash_sample::crash_me));
  static_cast<void>(name_of_code(code));
  const auto before = os::resident_bytes(::getpid());
  for (std::uint64_t i = 1; i <= 30; ++i) {
    std::thread{[&] { BOOST_TEST(!name_of_code({code.packed + i}).empty()); }}.join();
  }
  BOOST_TEST(os::resident_bytes(::getpid()) < before + growth_max_bytes);
}

// Debug information would take what is left, and the host would end of it.
BOOST_FIXTURE_TEST_CASE(near_a_limit_of_memory_no_debug_information_is_read, launch_fixture) {
  BOOST_TEST(os::address_space_left() == std::numeric_limits<std::uint64_t>::max());
  constexpr std::uint64_t plenty = std::uint64_t{1} << 46;
  constexpr std::uint64_t room = 64 << 20;
  rlimit before{};
  BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
  auto near = before;
  near.rlim_cur = plenty;
  BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_AS, &near) == 0);
  near.rlim_cur = plenty - os::address_space_left() + room;
  BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_AS, &near) == 0);
  BOOST_TEST(os::address_space_left() <= room);
  const auto record = start_worker(crash_sample::crashes)->exited();
  BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
  BOOST_TEST((record.status.signal() == SIGSEGV));
  BOOST_TEST(!record.stack.empty());
  BOOST_TEST(!names(record.stack, "crash_test.cpp"));
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
