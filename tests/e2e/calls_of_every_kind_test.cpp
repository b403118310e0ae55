// Goal: what can be called in this process with these arguments and ranges can be called in
// another. Method: functions, objects, arguments, elements and results of every kind, with real
// workers.

#include "e2e/tasks.hpp"
#include "troupe/pool.hpp"
#include "troupe/pool/worker_state.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace troupe {
namespace {

using test::clean_world;
using test::square;

bool is_not(bool value) {
  return !value;
}
bool is_odd(int value) {
  return value % 2 != 0;
}
int weight_of(const std::pair<const int, std::string>& entry) {
  return entry.first + static_cast<int>(entry.second.size());
}
int weight_of_both(int key, const std::string& value) {
  return key + static_cast<int>(value.size());
}
int value_at(const std::unique_ptr<int>& of) {
  return of ? *of : -1;
}
int take_over(std::unique_ptr<int> of) {
  return of ? *of : -1;
}
std::unique_ptr<int> wrap(int value) {
  return std::make_unique<int>(value);
}
std::size_t length_of_text(const char* text) {
  return std::string_view{text}.size();
}
std::size_t length_of_changeable(char* text) {
  text[0] = 'x';
  return std::string_view{text}.size();
}
int square_noexcept(int x) noexcept {
  return x * x;
}
const std::string& same_text(const std::string& text) {
  return text;
}
int sum_of_rvalue(std::vector<int>&& all) {
  return std::accumulate(all.begin(), all.end(), 0);
}
long overloaded(long x) {
  return x + 1;
}
[[maybe_unused]] double overloaded(double x) {
  return x + 2;
}
int sum_of_span(std::span<const int> all) {
  return std::accumulate(all.begin(), all.end(), 0);
}

/// Can be moved, not copied.
struct ticket {
  ticket() = default;
  explicit ticket(std::string of) : name{std::move(of)} {}
  ticket(ticket&&) noexcept = default;
  ticket& operator=(ticket&&) noexcept = default;
  std::string name;
  template<class Inspector>
  friend bool inspect(Inspector& f, ticket& x) {
    return f(x.name);
  }
};
std::size_t length_of_ticket(const ticket& of) {
  return of.name.size();
}
ticket stamp(ticket of) {
  of.name += "!";
  return of;
}

/// A range whose elements exist only once they are asked for.
struct made_on_the_way {
  struct iterator {
    using value_type = std::unique_ptr<int>;
    using difference_type = std::ptrdiff_t;
    int at = 1;
    std::unique_ptr<int> operator*() const { return wrap(at); }
    iterator& operator++() {
      ++at;
      return *this;
    }
    void operator++(int) { ++at; }
    bool operator==(const iterator&) const = default;
  };
  [[nodiscard]] iterator begin() const { return {}; }
  [[nodiscard]] iterator end() const { return {4}; }
};

struct shape {
  int side = 0;
  [[nodiscard]] int area() const { return side * side; }
};

/// With an inspect that leaves its result to the compiler.
struct deduced {
  int a = 0;
  std::string b;
  template<class Inspector>
  friend auto inspect(Inspector& f, deduced& x) {
    return f.object(x).pretty_name("deduced").fields(f.field("a", x.a).fallback(1),
                                                     f.field("b", x.b));
  }
};

auto is_equal = boost::test_tools::per_element();

BOOST_AUTO_TEST_SUITE(calls_of_every_kind, *boost::unit_test::timeout(60))

BOOST_FIXTURE_TEST_CASE(map_takes_ranges_of_every_kind, clean_world) {
  pool pool{{.replicas = 2}};
  const std::vector expected{1, 4, 9};
  const std::vector<bool> bits{true, false, false, true};
  BOOST_CHECK((pool.map(is_not, bits) == std::vector<bool>{false, true, true, false}));
  BOOST_CHECK((pool.map([](auto bit) { return !bit; }, bits, {.chunk = 3}) ==
               std::vector<bool>{false, true, true, false}));
  BOOST_CHECK((pool.map(is_odd, std::vector{1, 2, 3}) == std::vector<bool>{true, false, true}));
  BOOST_TEST(pool.map(square, {1, 2, 3}) == expected, is_equal);
  BOOST_TEST(pool.map(square, {1, 2, 3}, {.chunk = 1}) == expected, is_equal);
  BOOST_TEST(pool.map([](int a, int b) { return a * b; }, {1, 2, 3}, {1, 2, 3}) == expected,
             is_equal);
  BOOST_TEST(pool.map(square, std::deque{1, 2, 3}) == expected, is_equal);
  BOOST_TEST(pool.map(square, std::forward_list{1, 2, 3}) == expected, is_equal);
  BOOST_TEST(pool.map(square, std::set{1, 2, 3}) == expected, is_equal);
  BOOST_TEST(pool.map(square, std::array{1, 2, 3}) == expected, is_equal);
  const int plain[] = {1, 2, 3};
  BOOST_TEST(pool.map(square, plain) == expected, is_equal);
  BOOST_TEST(pool.map(square, std::span{plain}) == expected, is_equal);
  BOOST_CHECK((pool.map([](bool a, int b) { return a ? b : -b; }, bits, std::vector{1, 2, 3, 4}) ==
               std::vector{1, -2, -3, 4}));
}

BOOST_FIXTURE_TEST_CASE(map_takes_maps, clean_world) {
  pool pool{{.replicas = 2}};
  const std::map<int, std::string> names{{1, "a"}, {2, "bb"}, {3, "ccc"}};
  const std::vector expected{2, 4, 6};
  BOOST_TEST(pool.map(weight_of, names) == expected, is_equal);
  BOOST_TEST(pool.map([](const auto& entry) { return weight_of(entry); }, names) == expected,
             is_equal);
  BOOST_TEST(pool.starmap(weight_of_both, names, {.chunk = 2}) == expected, is_equal);
  BOOST_TEST(pool.apply(weight_of, *names.begin()) == 2);
  BOOST_TEST(pool.map(weight_of, std::unordered_map<int, std::string>{{5, "x"}}).at(0) == 6);
  BOOST_TEST(pool.starmap(weight_of_both, {std::pair{1, std::string{"a"}},
                                           std::pair{2, std::string{"bb"}}}) == (std::vector{2, 4}),
             is_equal);
  int sum = 0;
  pool.for_each_completed(weight_of, names, [&](std::size_t, int each) { sum += each; });
  pool.for_each_completed(square, {1, 2}, [&](std::size_t, int each) { sum += each; });
  BOOST_TEST(sum == 17);
}

BOOST_FIXTURE_TEST_CASE(what_can_only_be_moved_travels, clean_world) {
  pool pool{{.replicas = 2}};
  std::vector<std::unique_ptr<int>> owned;
  for (const int each : {1, 2, 3}) owned.push_back(std::make_unique<int>(each));
  owned.push_back(nullptr);
  const std::vector expected{1, 2, 3, -1};
  BOOST_TEST(pool.map(value_at, owned, {.chunk = 3}) == expected, is_equal);
  BOOST_TEST(pool.map(take_over, owned, {.chunk = 3}) == expected, is_equal);
  BOOST_TEST(*owned.at(1) == 2); // The caller's are the caller's still.
  BOOST_TEST(pool.map(take_over, made_on_the_way{}) == (std::vector{1, 2, 3}), is_equal);
  const auto wrapped = pool.map(wrap, std::vector{4, 5});
  BOOST_TEST(*wrapped.at(1) == 5);
  BOOST_TEST(pool.apply(take_over, std::make_unique<int>(6)) == 6);
  BOOST_TEST(pool.apply(value_at, owned.front()) == 1);
  BOOST_TEST(*pool.apply(wrap, 7) == 7);

  std::list<ticket> tickets;
  tickets.emplace_back("abc");
  tickets.emplace_back(std::string(1000, 'x'));
  BOOST_TEST(pool.map(length_of_ticket, tickets) == (std::vector<std::size_t>{3, 1000}), is_equal);
  BOOST_TEST(pool.map(stamp, tickets).front().name == "abc!");
  std::vector<std::pair<std::unique_ptr<int>, int>> pairs;
  pairs.emplace_back(std::make_unique<int>(2), 3);
  BOOST_TEST(pool.starmap([](const std::unique_ptr<int>& a, int b) { return *a * b; }, pairs) ==
                 std::vector{6},
             is_equal);
}

BOOST_FIXTURE_TEST_CASE(functions_of_every_kind_are_called, clean_world) {
  pool pool{{.replicas = 1}};
  BOOST_TEST(pool.apply(square_noexcept, 3) == 9);
  BOOST_TEST(pool.apply(&square, 3) == 9);
  BOOST_TEST(pool.apply(static_cast<long (*)(long)>(overloaded), 3L) == 4);
  BOOST_TEST(pool.apply([](auto a, auto b) { return a + b; }, 3, 4) == 7);
  BOOST_TEST(pool.apply([](int x) noexcept { return x; }, 3) == 3);
  BOOST_TEST(pool.apply([](const shape& s) { return s.area(); }, shape{3}) == 9);
  BOOST_TEST(pool.apply(std::plus<>{}, 3, 4) == 7);
  BOOST_TEST(pool.map(square_noexcept, {1, 2}) == (std::vector{1, 4}), is_equal);
  BOOST_TEST(pool.map([](auto x) { return x + 1; }, {1, 2}) == (std::vector{2, 3}), is_equal);
  const auto named = [](int x) mutable { return ++x; };
  BOOST_TEST(pool.apply(named, 1) == 2);
  auto buffer = pool.loan_buffer(10);
  const auto size_of = [](std::span<const std::byte> bytes) { return bytes.size(); };
  BOOST_TEST(pool.submit(size_of, std::move(buffer)).get() == 10u);
}

BOOST_FIXTURE_TEST_CASE(arguments_of_every_kind_arrive, clean_world) {
  pool pool{{.replicas = 1}};
  const int fixed = 3;
  volatile int restless = 4;
  const volatile int both = 5;
  int& reference = const_cast<int&>(fixed);
  BOOST_TEST(pool.apply(square, fixed) == 9);
  BOOST_TEST(pool.apply(square, restless) == 16);
  BOOST_TEST(pool.apply(square, both) == 25);
  BOOST_TEST(pool.apply(square, reference) == 9);
  BOOST_TEST(pool.apply([](int x) { return x; }, both) == 5);
  BOOST_TEST(pool.apply(square, 'a') == 97 * 97);
  BOOST_TEST(pool.apply(length_of_text, "four") == 4u);
  BOOST_TEST(pool.apply(length_of_text, std::string{"seven .."}.c_str()) == 8u);
  BOOST_TEST(pool.apply(length_of_text, static_cast<const char*>("five.")) == 5u);
  char letters[] = "abc";
  BOOST_TEST(pool.apply(length_of_changeable, letters) == 3u);
  BOOST_TEST(letters[0] == 'a');
  BOOST_TEST(pool.map(length_of_text, {"a", "bb"}) == (std::vector<std::size_t>{1, 2}), is_equal);
  BOOST_TEST(pool.apply([](const std::string& s) { return s; }, "text") == "text");
  BOOST_TEST(pool.apply(sum_of_rvalue, std::vector{1, 2}) == 3);
  BOOST_TEST(pool.apply(sum_of_span, std::vector{1, 2}) == 3);
  BOOST_TEST(pool.apply(same_text, "returned by reference") == "returned by reference");
  const auto back = pool.apply([](const deduced& d) { return d; }, deduced{2, "two"});
  BOOST_TEST(back.a == 2);
  BOOST_TEST(back.b == "two");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe
