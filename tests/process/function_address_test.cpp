// Goal: a function means the same in every process of this program, whatever module it lies in and
// wherever that was loaded; anything else is refused.
// Method: addresses resolved here and in workers, whose layout the kernel chose anew.

#include "process/sample_library.hpp"
#include "support/launch_fixture.hpp"

#include "troupe/process/detail/modules.hpp"
#include "troupe/process/function_address.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <dlfcn.h>

namespace troupe {
namespace {

using test::launch_fixture;

int add_1(int value) {
  return value + 1;
}
int a_variable = 0;

// The argument is a packed function<int(int)>; calls it with 20.
int calls_what_it_is_given(std::span<os::fd>, std::span<const std::byte> argument) {
  code_address address;
  std::memcpy(&address.packed, argument.data(), sizeof address.packed);
  const auto function = function_address<int(int)>{address}.resolve();
  return function != nullptr ? function(20) : 99;
}

int crashes_in_library(std::span<os::fd>, std::span<const std::byte>) {
  return troupe_sample::crash_in_library();
}

std::vector<std::byte> argument_for(function_address<int(int)> function) {
  std::vector<std::byte> out(sizeof(std::uint64_t));
  const auto packed = function.address().packed;
  std::memcpy(out.data(), &packed, sizeof packed);
  return out;
}

BOOST_AUTO_TEST_SUITE(function_address_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(functions_resolve_to_themselves) {
  BOOST_TEST((function_address<int(int)>{add_1}.resolve() == add_1));
  BOOST_TEST((function_address<int(int)>{troupe_sample::twice}.resolve() == troupe_sample::twice));
  BOOST_TEST((function_address<int(const char*)>{std::atoi}.resolve() == std::atoi));
  const auto lambda = function_address<int(int)>{+[](int value) { return value - 1; }};
  BOOST_TEST(lambda.resolve()(5) == 4);
}

BOOST_AUTO_TEST_CASE(program_is_module_0_and_libraries_are_not) {
  BOOST_TEST((function_address<int(int)>{add_1}.address().packed >> 48) == 0U);
  BOOST_TEST((function_address<int(int)>{troupe_sample::twice}.address().packed >> 48) != 0U);
}

BOOST_AUTO_TEST_CASE(what_is_no_code_is_refused) {
  int local = 0;
  const auto heap = std::make_unique<int>();
  BOOST_CHECK_THROW(address_of_code(nullptr), std::invalid_argument);
  BOOST_CHECK_THROW(address_of_code(&a_variable), std::invalid_argument);
  BOOST_CHECK_THROW(address_of_code(&local), std::invalid_argument);
  BOOST_CHECK_THROW(address_of_code(heap.get()), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(forged_addresses_do_not_resolve) {
  BOOST_TEST(resolve_code({0}) == nullptr); // The ELF header is not executable.
  BOOST_TEST(resolve_code({(std::uint64_t{1} << 48) - 1}) == nullptr);
  BOOST_TEST(resolve_code({~std::uint64_t{0}}) == nullptr);
  const auto variable = reinterpret_cast<std::uintptr_t>(&a_variable);
  BOOST_TEST(resolve_code({variable - detail::loaded_modules().front().base}) == nullptr);
}

BOOST_AUTO_TEST_CASE(cache_is_right_under_many_threads) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        if (function_address<int(int)>{add_1}.resolve() != add_1) ++wrong;
        if (function_address<int(int)>{troupe_sample::twice}.resolve() != troupe_sample::twice) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);
}

BOOST_FIXTURE_TEST_CASE(a_worker_calls_the_same_function, launch_fixture) {
  const auto own = start_worker(calls_what_it_is_given, {}, {}, argument_for(add_1));
  BOOST_TEST((own->exited().status == exit_status::exited_with(21)));
  const auto other =
      start_worker(calls_what_it_is_given, {}, {}, argument_for(troupe_sample::twice));
  BOOST_TEST((other->exited().status == exit_status::exited_with(40)));
}

BOOST_FIXTURE_TEST_CASE(crash_in_a_library_is_named, launch_fixture) {
  exit_record record;
  // The first ones may be told before the debug information has been read.
  while (record.stack.empty() || record.stack[0].find(" at ") == std::string::npos) {
    record = start_worker(crashes_in_library)->exited();
  }
  BOOST_TEST(record.stack[0].starts_with("#0 troupe_sample::crash_in_library() at "));
}

BOOST_FIXTURE_TEST_CASE(entry_in_a_library_loaded_later_runs, launch_fixture) {
  // The zygote comes first, so it cannot have the library.
  BOOST_TEST(start_worker(calls_what_it_is_given, {}, {}, argument_for(add_1))->exited().pid > 0);
  void* library = ::dlopen(TROUPE_TEST_PLUGIN, RTLD_NOW);
  BOOST_TEST_REQUIRE(library != nullptr);
  const auto entry = reinterpret_cast<entry_function*>(::dlsym(library, "plugin_entry"));
  BOOST_TEST_REQUIRE(entry != nullptr);
  BOOST_TEST((start_worker(entry)->exited().status == exit_status::exited_with(21)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
