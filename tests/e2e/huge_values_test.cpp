// Goal: values of 4 GiB and more are refused for what they are, however large the arenas are.
// Method: arenas and values that are promised and never touched. No such value is ever copied.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/mman.h>

namespace troupe {
namespace {

using test::clean_world;
using test::square;

constexpr std::size_t gib = std::size_t{1} << 30;

void* untouched(std::size_t size) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc{};
  return at;
}

/// Gives memory that costs nothing before it is touched, and leaves it untouched.
template<class T>
struct untouched_allocator {
  using value_type = T;
  T* allocate(std::size_t count) { return static_cast<T*>(untouched(count * sizeof(T))); }
  void deallocate(T* at, std::size_t count) noexcept { ::munmap(at, count * sizeof(T)); }
  void construct(T*) noexcept {}
  friend bool operator==(untouched_allocator, untouched_allocator) = default;
};
/// A long vector with few elements, for constructing them takes its time even if it does nothing.
using mebibyte = std::array<char, std::size_t{1} << 20>;
using huge = std::vector<mebibyte, untouched_allocator<mebibyte>>;

std::size_t size_of(const huge& one, const huge& other) {
  return one.size() + other.size();
}
std::pair<huge, huge> two_of(std::size_t size) {
  return {huge(size), huge(size)};
}
std::size_t size_of_span(std::span<const std::byte> bytes) {
  return bytes.size();
}

pool_options vast() {
  return {.replicas = 1, .input_arena_bytes = 16 * gib, .output_arena_bytes = 16 * gib};
}

template<class E>
std::string refusal_of(auto&& action) {
  try {
    action();
  } catch (const E& refused) {
    return refused.what();
  }
  return "nothing";
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(huge_values, *boost::unit_test::timeout(120))

BOOST_FIXTURE_TEST_CASE(arguments_above_4_gib_are_refused_in_the_caller, clean_world) {
  pool pool{vast()};
  const huge half(2500);
  const auto sum = refusal_of<error>([&] { (void)pool.submit(size_of, half, half); });
  BOOST_TEST(has(sum, "more than one call can carry (4294967295 bytes"), sum);
  BOOST_TEST(!has(sum, "raise"), sum);
  const huge whole(5000);
  const auto one = refusal_of<error>([&] { (void)pool.submit(size_of, whole, huge{}); });
  BOOST_TEST(has(one, "more than one call can carry (4294967295 bytes"), one);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

// Beside the limit on both sides: the size and its header must not go round.
BOOST_FIXTURE_TEST_CASE(loans_above_4_gib_are_refused, clean_world) {
  pool pool{vast()};
  for (const auto size :
       {4 * gib, 4 * gib - 1, 4 * gib + 100, 8 * gib, std::numeric_limits<std::size_t>::max(),
        std::numeric_limits<std::size_t>::max() - 63}) {
    const auto text = refusal_of<error>([&] { (void)pool.loan_buffer(size); });
    BOOST_TEST(has(text, "more than one call can carry"), size << ": " << text);
  }
  auto most = pool.loan_buffer(4 * gib - 65);
  BOOST_TEST(most.bytes().size() == 4 * gib - 65);
  BOOST_TEST(pool.submit(size_of_span, std::move(most)).get() == 4 * gib - 65);
}

BOOST_FIXTURE_TEST_CASE(a_result_above_4_gib_is_an_exception_of_its_task, clean_world) {
  pool pool{vast()};
  const auto text = refusal_of<error>([&] { (void)pool.apply(two_of, std::size_t{2500}); });
  BOOST_TEST(has(text, "more than one answer can carry (4294967295 bytes"), text);
  const auto both = pool.apply(two_of, std::size_t{1});
  BOOST_TEST(both.first.size() + both.second.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
