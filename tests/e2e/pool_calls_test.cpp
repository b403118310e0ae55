// Goal: calls and maps over a pool of processes give what the same calls give here.
// Method: real workers; every case leaves no child, descriptor or thread behind (clean_world).

#include "e2e/tasks.hpp"
#include "process/sample_library.hpp"
#include "troupe/pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using test::clean_world;
using test::square;

// 0, 1, 2, ... without end; `on_read` sees each. (clang before 16 cannot compile std::views.)
struct naturals {
  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;

    int operator*() const {
      if (*on_read) (*on_read)(at);
      return at;
    }
    iterator& operator++() {
      ++at;
      return *this;
    }
    void operator++(int) { ++at; }

    const std::function<void(int)>* on_read = nullptr;
    int at = 0;
  };

  iterator begin() const { return {&on_read}; }
  static std::unreachable_sentinel_t end() { return {}; }

  std::function<void(int)> on_read{};
};

// What a stream holds, to be read once.
struct numbers_of {
  std::istream_iterator<int> begin() const { return std::istream_iterator<int>{*text}; }
  static std::istream_iterator<int> end() { return {}; }

  std::istream* text;
};

std::vector<int> numbers(int count) {
  std::vector<int> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

std::vector<int> squares(int count) {
  auto out = numbers(count);
  for (auto& each : out) each *= each;
  return out;
}

std::string join_words(const std::string& first, std::string_view second, const char third) {
  return first + std::string{second} + third;
}

struct offset_by {
  int by = 0;
  int operator()(int x) const { return x + by; }
};

struct reading {
  std::string name;
  std::vector<double> values;
  std::map<std::string, int> counts;
  friend bool operator==(const reading&, const reading&) = default;
};
reading same_reading(const reading& r) {
  return r;
}

// A range that throws when it is asked for the element at `bad`; an input range, read once.
class faulty_range {
public:
  explicit faulty_range(int bad, int length = 10) : bad_{bad}, length_{length} {}
  class iterator {
  public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const faulty_range& of, int at) : of_{&of}, at_{at} { check(); }
    int operator*() const { return at_; }
    iterator& operator++() {
      ++at_;
      check();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const iterator& other) const { return at_ == other.at_; }

  private:
    void check() const {
      if (at_ == of_->bad_) throw std::underflow_error{"element " + std::to_string(at_)};
    }
    const faulty_range* of_ = nullptr;
    int at_ = 0;
  };
  [[nodiscard]] iterator begin() const { return {*this, 0}; }
  [[nodiscard]] iterator end() const { return {*this, length_}; }

private:
  int bad_;
  int length_;
};

BOOST_AUTO_TEST_SUITE(pool_calls, *boost::unit_test::timeout(60))

// H01, F01: submit and apply.
BOOST_FIXTURE_TEST_CASE(a_call_gives_what_the_function_gives, clean_world) {
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.submit(square, 7).get() == 49);
  BOOST_TEST(pool.apply(square, 8) == 64);
  BOOST_TEST(pool.apply([](int a, int b) { return a - b; }, 5, 3) == 2);
  BOOST_TEST(pool.apply(offset_by{100}, 1) == 101);
  BOOST_TEST(pool.apply(join_words, "a", std::string{"b"}, 'c') == "abc");
  BOOST_TEST(pool.apply(troupe_sample::twice, 21) == 42);
  pool.apply([] {});
  const reading sent{.name = "n", .values = {1.5, -2}, .counts = {{"a", 1}, {"b", 2}}};
  BOOST_CHECK(pool.apply(same_reading, sent) == sent);
}

// F01: map with default chunks, chunk 20 of 100, every chunk size of H02.
BOOST_FIXTURE_TEST_CASE(map_gives_the_serial_result_in_order, clean_world) {
  pool pool{{.replicas = 2}};
  BOOST_TEST(pool.map(square, numbers(100)) == squares(100), boost::test_tools::per_element());
  for (const std::size_t chunk : {1u, 3u, 6u, 20u, 40u, 50u, 100u, 1000u}) {
    BOOST_TEST(pool.map(square, numbers(40), {.chunk = chunk}) == squares(40),
               boost::test_tools::per_element());
    BOOST_TEST(pool.map(square, numbers(40), {.chunk = chunk, .look_ahead = 1}) == squares(40),
               boost::test_tools::per_element());
  }
  const std::list<int> unsized{1, 2, 3};
  BOOST_TEST(pool.map(square, unsized) == (std::vector{1, 4, 9}), boost::test_tools::per_element());
  std::istringstream text{"1 2 3 4 5"};
  BOOST_TEST(pool.map(square, numbers_of{&text}, {.chunk = 2}) == (std::vector{1, 4, 9, 16, 25}),
             boost::test_tools::per_element());
  pool.map([](int) {}, numbers(10));
}

// H02: two ranges side by side, to the end of the shorter.
BOOST_FIXTURE_TEST_CASE(map_takes_two_ranges, clean_world) {
  pool pool{{.replicas = 2}};
  const auto power = [](int base, long exponent) {
    long result = 1;
    for (; exponent > 0; --exponent) result *= base;
    return result;
  };
  std::vector<long> expected;
  for (int i = 0; i < 40; ++i) expected.push_back(power(i, i % 5));
  std::list<long> exponents;
  for (long i = 0; i < 50; ++i) exponents.push_back(i % 5);
  for (const std::size_t chunk : {0u, 1u, 3u, 6u, 40u, 50u}) {
    BOOST_TEST(pool.map(power, numbers(40), exponents, {.chunk = chunk}) == expected,
               boost::test_tools::per_element());
    BOOST_TEST(pool.map(power, naturals{}, exponents, {.chunk = chunk}).size() == 50u);
  }
  BOOST_TEST(pool.map(power, std::vector<int>{}, exponents).empty());
  BOOST_CHECK_THROW(pool.map(power, numbers(3), exponents, {.chunk = static_cast<std::size_t>(-1)}),
                    std::invalid_argument);
}

// F01: starmap.
BOOST_FIXTURE_TEST_CASE(starmap_spreads_tuples_over_parameters, clean_world) {
  pool pool{{.replicas = 2}};
  std::vector<std::tuple<int, int>> pairs;
  for (int i = 0; i < 40; ++i) pairs.emplace_back(i, 2 * i);
  const auto sums = pool.starmap([](int a, int b) { return a + b; }, pairs, {.chunk = 6});
  BOOST_TEST(sums.size() == 40u);
  for (int i = 0; i < 40; ++i) BOOST_TEST(sums[static_cast<std::size_t>(i)] == 3 * i);
}

// F01: empty input returns empty at once with any chunk size.
BOOST_FIXTURE_TEST_CASE(an_empty_range_gives_an_empty_result, clean_world) {
  pool pool{{.replicas = 1}};
  for (const std::size_t chunk : {0u, 1u, 100u}) {
    BOOST_TEST(pool.map(square, std::vector<int>{}, {.chunk = chunk}).empty());
    pool.for_each_completed(square, std::vector<int>{},
                            [](std::size_t, int) { BOOST_ERROR("called"); }, {.chunk = chunk});
  }
}

// H02: chunk -1 is an argument error.
BOOST_FIXTURE_TEST_CASE(a_senseless_chunk_is_refused, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_CHECK_THROW(pool.map(square, numbers(3), {.chunk = static_cast<std::size_t>(-1)}),
                    std::invalid_argument);
  BOOST_TEST(pool.apply(square, 2) == 4);
}

// H03: two results, then the error; the error with the lowest index wins.
BOOST_FIXTURE_TEST_CASE(map_throws_the_error_with_the_lowest_index, clean_world) {
  pool pool{{.replicas = 2}};
  const std::vector<std::tuple<int, int>> inputs{{2, 1}, {3, 2}, {0, 0}, {5, 0}};
  BOOST_CHECK_THROW(pool.starmap(test::divide, inputs, {.chunk = 1}), std::domain_error);
  for (int round = 0; round < 20; ++round) {
    try {
      (void)pool.map([](int x) -> int { throw std::out_of_range{std::to_string(x)}; }, numbers(10),
                     {.chunk = 1});
      BOOST_ERROR("no exception");
    } catch (const std::out_of_range& e) {
      BOOST_TEST(e.what() == std::string{"0"});
    }
  }
}

// F06: the range's own exception reaches the caller as it is, twice in a row.
BOOST_FIXTURE_TEST_CASE(an_exception_of_the_input_goes_through_as_it_is, clean_world) {
  pool pool{{.replicas = 2}};
  for (const int bad : {0, 3}) {
    for (int round = 0; round < 2; ++round) {
      BOOST_CHECK_EXCEPTION(pool.map(square, faulty_range{bad}, {.chunk = 1}), std::underflow_error,
                            [&](const auto& e) {
                              return dynamic_cast<const remote_context*>(&e) == nullptr &&
                                     e.what() == "element " + std::to_string(bad);
                            });
    }
  }
  BOOST_TEST(pool.apply(square, 3) == 9);
}

// F07, F09: ordered and unordered iteration over results as they come.
BOOST_FIXTURE_TEST_CASE(for_each_completed_gives_every_result_once, clean_world) {
  pool pool{{.replicas = 2}};
  for (const std::size_t chunk : {0u, 1u, 100u}) {
    std::vector<int> seen(1000, 0);
    pool.for_each_completed(square, numbers(1000),
                            [&](std::size_t index, int value) {
                              BOOST_TEST(value == static_cast<int>(index * index));
                              ++seen[index];
                            },
                            {.chunk = chunk});
    BOOST_TEST(seen == std::vector<int>(1000, 1), boost::test_tools::per_element());
  }
}

// F09: an input exception surfaces after a subset of valid, distinct results.
BOOST_FIXTURE_TEST_CASE(for_each_completed_passes_the_input_exception_on, clean_world) {
  pool pool{{.replicas = 2}};
  std::set<std::size_t> seen;
  BOOST_CHECK_THROW(pool.for_each_completed(square, faulty_range{7},
                                            [&](std::size_t index, int value) {
                                              BOOST_TEST(value == static_cast<int>(index * index));
                                              BOOST_TEST(seen.insert(index).second);
                                            }),
                    std::underflow_error);
  for (const auto index : seen) BOOST_TEST(index < 7u);
}

// Bug found here: a submit that throws left for_each_completed waiting for a result for ever.
BOOST_FIXTURE_TEST_CASE(for_each_completed_ends_when_the_pool_refuses_a_task, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_CHECK_THROW(pool.for_each_completed(square, numbers(100),
                                            [&](std::size_t index, int) {
                                              if (index == 3) pool.close();
                                            },
                                            {.look_ahead = 2}),
                    closed_error);
}

// The callback's own exception ends it too, after what is in flight has come in.
BOOST_FIXTURE_TEST_CASE(for_each_completed_passes_the_callbacks_exception_on, clean_world) {
  pool pool{{.replicas = 1}};
  int calls = 0;
  BOOST_CHECK_THROW(pool.for_each_completed(square, numbers(100),
                                            [&](std::size_t, int) {
                                              ++calls;
                                              throw std::length_error{"mine"};
                                            }),
                    std::length_error);
  BOOST_TEST(calls == 1);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

// J12: an endless input is never read more than the look-ahead beyond what was consumed.
BOOST_FIXTURE_TEST_CASE(look_ahead_bounds_how_far_the_input_is_read, clean_world) {
  pool pool{{.replicas = 2}};
  constexpr int look_ahead = 8;
  int read = 0;
  int used = 0;
  struct stop {};
  const naturals endless{[&](int) {
    ++read;
    BOOST_TEST(read <= used + look_ahead + 2 + 1);
  }};
  BOOST_CHECK_THROW(pool.for_each_completed(square, endless,
                                            [&](std::size_t, int) {
                                              if (++used == 200) throw stop{};
                                            },
                                            {.chunk = 1, .look_ahead = look_ahead}),
                    stop);
}

std::string checked_copy(const std::string& text, std::uint64_t sum) {
  const auto own = std::accumulate(text.begin(), text.end(), std::uint64_t{0});
  if (own != sum) throw std::runtime_error{"damaged on the way"};
  return text;
}

// Payloads of every size class: in the cell, in the body, in the arena, on the heap and back.
BOOST_FIXTURE_TEST_CASE(payloads_of_all_sizes_come_back_whole, clean_world) {
  pool pool{{.replicas = 2, .input_arena_bytes = 1 << 20, .output_arena_bytes = 1 << 20}};
  for (std::size_t size = 0; size < 600; ++size) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    BOOST_TEST(pool.apply(checked_copy, text, size * static_cast<std::size_t>('a' + size % 26)) ==
               text);
  }
  std::vector<future<std::string>> many;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string text((i * 997) % 100'000, 'x');
    many.push_back(pool.submit(checked_copy, text, text.size() * static_cast<std::size_t>('x')));
  }
  for (std::size_t i = 0; i < many.size(); ++i) {
    BOOST_TEST(many[i].get().size() == (i * 997) % 100'000);
  }
}

// F04: what is too large is refused in the caller, and the pool still works.
BOOST_FIXTURE_TEST_CASE(an_argument_larger_than_the_arena_is_refused_in_the_caller, clean_world) {
  pool pool{{.replicas = 1, .input_arena_bytes = 1 << 20, .output_arena_bytes = 1 << 20}};
  const std::string large(std::size_t{2} << 20, 'x');
  BOOST_CHECK_EXCEPTION(pool.submit(checked_copy, large, 0u), error,
                        [](const error& e) { return e.code() == errc::too_large; });
  BOOST_CHECK_THROW(pool.map([](const std::string& s) { return s.size(); }, std::vector{large}),
                    error);
  BOOST_TEST(pool.apply(square, 3) == 9);
}

BOOST_FIXTURE_TEST_CASE(a_result_larger_than_the_arena_is_an_exception_of_the_task, clean_world) {
  pool pool{{.replicas = 1, .output_arena_bytes = 1 << 20}};
  const auto make = [](std::size_t size) { return std::string(size, 'x'); };
  BOOST_CHECK_EXCEPTION(pool.apply(make, std::size_t{2} << 20), error,
                        [](const error& e) { return e.code() == errc::too_large; });
  BOOST_TEST(pool.apply(make, std::size_t{1000}).size() == 1000u);
  BOOST_TEST(pool.apply(make, (std::size_t{1} << 20) - 64).size() == (std::size_t{1} << 20) - 64);
}

// Many results that nobody reads in order: the worker must never be stuck with a full arena (trap
// 9).
BOOST_FIXTURE_TEST_CASE(large_results_read_last_first_do_not_fill_the_arena_for_ever, clean_world) {
  pool pool{{.replicas = 1, .output_arena_bytes = 1 << 20}};
  const auto make = [](std::size_t size) { return std::string(size, 'x'); };
  std::vector<future<std::string>> many;
  for (std::size_t i = 0; i < 200; ++i) many.push_back(pool.submit(make, 1000 * (i + 1)));
  for (std::size_t i = many.size(); i-- > 0;) BOOST_TEST(many[i].get().size() == 1000 * (i + 1));
}

// Loaned buffers: filled in place, used once, given back when they are not submitted.
BOOST_FIXTURE_TEST_CASE(a_loaned_buffer_arrives_without_a_copy, clean_world) {
  pool pool{{.replicas = 1, .input_arena_bytes = 1 << 20}};
  const auto sum = +[](std::span<const std::byte> bytes) {
    std::uint64_t out = 0;
    for (const auto b : bytes) out += std::to_integer<std::uint64_t>(b);
    return out;
  };
  for (int round = 0; round < 100; ++round) {
    auto buffer = pool.loan_buffer(300'000);
    std::fill(buffer.bytes().begin(), buffer.bytes().end(), std::byte{2});
    auto unused = pool.loan_buffer(300'000);
    BOOST_TEST(pool.submit(sum, std::move(buffer)).get() == 600'000u);
    BOOST_CHECK_THROW(pool.submit(sum, std::move(buffer)), std::invalid_argument); // Only once.
  }
  troupe::pool other{{.replicas = 1}};
  auto foreign = pool.loan_buffer(10);
  BOOST_CHECK_THROW(other.submit(sum, std::move(foreign)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
