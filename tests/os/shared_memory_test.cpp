// Goal: memory that is passed to others can be neither shrunk under us nor written by those who
// may only read; a futex in it wakes its sleepers.
// Method: both ends in this process, through the descriptor.

#include "support/forked.hpp"
#include "troupe/os/futex.hpp"
#include "troupe/os/shared_memory.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <thread>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace troupe::os {
namespace {

BOOST_AUTO_TEST_SUITE(shared_memory_suite, *boost::unit_test::timeout(20))

BOOST_AUTO_TEST_CASE(both_mappings_show_the_same_bytes) {
  const auto memory = shared_memory::create("test", 100, write_access::everybody);
  BOOST_TEST(memory.size_bytes() >= 100U);
  const auto other = shared_memory::map(memory.descriptor(), 100, true);
  BOOST_TEST_REQUIRE(other.has_value());
  other->data()[50] = std::byte{7};
  BOOST_TEST((memory.data()[50] == std::byte{7}));
}

BOOST_AUTO_TEST_CASE(size_is_sealed) {
  const auto memory = shared_memory::create("test", 4096, write_access::everybody);
  BOOST_TEST(::ftruncate(memory.descriptor().get(), 1) != 0);
  BOOST_TEST(::ftruncate(memory.descriptor().get(), 1 << 20) != 0);
}

// It counts as a file, and beyond the limit the kernel would kill us with SIGXFSZ.
BOOST_AUTO_TEST_CASE(memory_beyond_the_limit_of_files_is_refused_by_name) { // E1.
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{.rlim_cur = 8192, .rlim_max = before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string text;
  int problem = 0;
  try {
    static_cast<void>(shared_memory::create("test", 8192 + 1, write_access::everybody));
  } catch (const std::system_error& e) {
    text = e.what();
    problem = e.code().value();
  }
  const auto fits = shared_memory::create("test", 8192, write_access::everybody);
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  BOOST_TEST(problem == EFBIG);
  for (const auto* part : {"RLIMIT_FSIZE", "ulimit -f", "8192", "'test'"})
    BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
  BOOST_TEST(fits.size_bytes() == 8192U);
}

BOOST_AUTO_TEST_CASE(memory_without_room_is_refused_with_its_size_and_what_to_do) {
  std::string text;
  int problem = 0;
  try { // More than any process can address.
    static_cast<void>(shared_memory::create("test", std::size_t{1} << 47, write_access::everybody));
  } catch (const std::system_error& e) {
    text = e.what();
    problem = e.code().value();
  }
  BOOST_TEST(problem == ENOMEM);
  for (const auto* part :
       {"cannot map", "'test' of 140737488355328 bytes", "ulimit -v", "memory.max", "arena"}) {
    BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
  }
}

BOOST_AUTO_TEST_CASE(only_the_creator_may_write_what_is_the_creators) {
  const auto memory = shared_memory::create("test", 4096, write_access::creator);
  BOOST_TEST(!shared_memory::map(memory.descriptor(), 4096, true).has_value());
  const auto reader = shared_memory::map(memory.descriptor(), 4096, false);
  BOOST_TEST_REQUIRE(reader.has_value());
  memory.data()[1] = std::byte{9};
  BOOST_TEST((reader->data()[1] == std::byte{9}));
}

BOOST_AUTO_TEST_CASE(too_small_or_unsealed_memory_is_refused) {
  const auto memory = shared_memory::create("test", 4096, write_access::everybody);
  BOOST_TEST(!shared_memory::map(memory.descriptor(), memory.size_bytes() + 1, true).has_value());
  const fd null{::dup(0)};
  BOOST_TEST(!shared_memory::map(null, 1, false).has_value());
}

BOOST_AUTO_TEST_CASE(mapping_outlives_its_descriptor) {
  auto memory = shared_memory::create("test", 4096, write_access::everybody);
  memory.close_descriptor();
  memory.data()[0] = std::byte{1};
  const auto moved = std::move(memory);
  BOOST_TEST((moved.data()[0] == std::byte{1}));
}

BOOST_AUTO_TEST_CASE(forked_copy_has_no_excluded_memory_and_frees_nothing_of_its_own) {
  auto memory =
      std::make_unique<shared_memory>(shared_memory::create("test", 4096, write_access::everybody));
  memory->exclude_from_fork();
  BOOST_TEST(test::holds_in_copy([&] {
    const auto size = memory->size_bytes();
    // The copy's own memory lies now where the excluded memory was.
    auto* const own = ::mmap(memory->data(), size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (own != memory->data()) return false;
    auto moved = std::move(*memory);
    memory.reset();
    moved = shared_memory{};
    *static_cast<char*>(own) = 'x';
    return *static_cast<char*>(own) == 'x';
  }));
  memory->data()[0] = std::byte{1};
}

BOOST_AUTO_TEST_CASE(futex_wakes_over_two_mappings) {
  const auto memory = shared_memory::create("test", 4096, write_access::creator);
  const auto other = shared_memory::map(memory.descriptor(), 4096, false);
  BOOST_TEST_REQUIRE(other.has_value());
  auto* word = new (memory.data()) futex_word{0};
  const auto* seen = reinterpret_cast<const futex_word*>(other->data());
  std::thread sleeper{[&] {
    while (seen->load() == 0) futex_wait(*seen, 0, deadline::never(), futex_scope::shared);
  }};
  word->store(1);
  futex_wake(*word, 1, futex_scope::shared);
  sleeper.join();
  BOOST_TEST(seen->load() == 1U);
}

BOOST_AUTO_TEST_CASE(futex_wait_ends_by_change_or_deadline) {
  futex_word word{5};
  BOOST_TEST(futex_wait(word, 4, deadline::never(), futex_scope::process));
  const auto soon = deadline::after(std::chrono::milliseconds{1});
  while (futex_wait(word, 5, soon, futex_scope::process)) {
  }
  BOOST_TEST(soon.has_passed());
  futex_word other{1};
  BOOST_TEST(futex_wait_either(word, 5, other, 0, deadline::never()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::os
