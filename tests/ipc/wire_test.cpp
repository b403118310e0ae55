// Goal: what travels comes back equal, takes exactly the room it says, and can be read in place.
// Method: encode and decode values of every shape in one process.

#include "troupe/ipc/wire.hpp"

#include "ipc/wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>
#include <numeric>

// Looks like what CAF 0.17 passes among the fields; the room ipc does not see CAF itself.
namespace caf::meta {
struct type_name_t {
  const char* value;
};
template<class F>
struct load_callback_t {
  F fun;
};
} // namespace caf::meta

namespace troupe::wire {
namespace {

/// Derives, so it cannot be taken apart, but its author says that its memory may travel.
struct origin {
  int x = 0;
  friend bool operator==(const origin&, const origin&) = default;
};
struct located : origin {
  int y = 0;
  friend bool operator==(const located&, const located&) = default;
};

struct annotated {
  int value = 0;
  bool loaded = false;
};

template<class Inspector>
typename Inspector::result_type inspect(Inspector& f, annotated& x) {
  const auto on_load = [&x] { x.loaded = true; };
  return f(caf::meta::type_name_t{"annotated"}, x.value,
           caf::meta::load_callback_t<decltype(on_load)>{on_load});
}

} // namespace

template<>
inline constexpr bool enable_raw<located> = true;

namespace {

using namespace wire_samples;
using namespace std::string_literals;
using bytes = std::span<const std::byte>;

template<class T>
void check_round_trip(const T& value) {
  const auto message = to_bytes(value);
  BOOST_TEST(message.size() == encoded_size(value));
  auto back = decode<T>(message);
  BOOST_REQUIRE_MESSAGE(back.has_value(), type_name<T>());
  BOOST_TEST((*back == value), type_name<T>());
}

person sample_person() {
  return {.name = "Ada",
          .nick = "Countess",
          .home = {1, 2.5},
          .codes = {1, 2, 3},
          .note = std::vector<point>{{1, 2}, {3, 4}},
          .addresses = {{"St James's Square", 12}},
          .done = {100}};
}

basket sample_basket() {
  return {.ints = {1, 2, 3},
          .bits = {true, false, true},
          .panels = {{true, {1, 2, 3}, false}, {}},
          .list = {1.5, -2},
          .deque = {"a", "", "c"},
          .set = {3, 1, 2},
          .map = {{"k", {1, 2}}, {"", {}}},
          .hashed = {{1, "one"}, {2, "two"}},
          .words = {"x", "y"},
          .multi = {{colour::red, 'a'}, {colour::red, 'b'}},
          .pair_of_names = {"p", "q"},
          .mixed = {true, {'c', 0.5f, "s"}},
          .path = "/tmp/with space",
          .pause = std::chrono::nanoseconds{5},
          .when = std::chrono::system_clock::time_point{std::chrono::seconds{77}},
          .root = {1, -1},
          .wide = L"wide",
          .cube = {{{1}, {}}, {}, {{2, 3}}}};
}

BOOST_AUTO_TEST_SUITE(wire_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(numbers_and_enums_come_back) {
  check_round_trip(0);
  check_round_trip(std::numeric_limits<std::int64_t>::min());
  check_round_trip(std::uint8_t{255});
  check_round_trip('x');
  check_round_trip(true);
  check_round_trip(false);
  check_round_trip(0.1f);
  check_round_trip(-0.1);
  check_round_trip(1.0L / 3);
  check_round_trip(colour::blue);
  check_round_trip(std::byte{7});
  check_round_trip(point{-1, 1e300});
  check_round_trip(switches{true, {9, 8, 7}, true});
}

BOOST_AUTO_TEST_CASE(every_shape_of_class_comes_back) {
  check_round_trip(sample_person());
  check_round_trip(person{});
  check_round_trip(sample_basket());
  check_round_trip(basket{});
  check_round_trip(account{"bank", -5});
  check_round_trip(std::vector<account>{{"a", 1}, {"", 2}});
  check_round_trip(address{"lane", 3});
  check_round_trip(tree{1, {{2, {}}, {3, {{4, {}}}}}});
  check_round_trip(std::optional<int>{});
  check_round_trip(std::optional<bool>{true});
  check_round_trip(std::variant<int, std::string>{"text"});
  check_round_trip(std::tuple<>{});
  check_round_trip(std::monostate{});
  check_round_trip("zero\0inside"s);
}

BOOST_AUTO_TEST_CASE(large_containers_come_back) {
  check_round_trip(std::string(100'000, 'x'));
  check_round_trip(std::vector<int>(100'000, 7));
  check_round_trip(std::vector<std::string>(10'000, "text"));
  check_round_trip(std::tuple{'a', std::vector<double>(4096, 0.5), 'b', std::string(5000, 'c')});
}

BOOST_AUTO_TEST_CASE(unique_pointers_travel_as_their_value) {
  const auto message = to_bytes(std::make_unique<person>(sample_person()), std::unique_ptr<int>{});
  std::unique_ptr<person> first;
  auto second = std::make_unique<int>(1);
  reader source{message};
  BOOST_TEST_REQUIRE(source.read(first, second));
  BOOST_TEST((*first == sample_person()));
  BOOST_TEST(!second);
}

BOOST_AUTO_TEST_CASE(annotations_among_the_fields_are_not_sent_but_called) {
  const auto message = to_bytes(annotated{7});
  BOOST_TEST(message.size() == sizeof(int));
  auto back = decode<annotated>(message);
  BOOST_TEST_REQUIRE(back.has_value());
  BOOST_TEST(back->value == 7);
  BOOST_TEST(back->loaded);
}

BOOST_AUTO_TEST_CASE(a_class_declared_raw_travels_as_its_memory) {
  static_assert(is_raw<located>);
  check_round_trip(located{{1}, 2});
}

BOOST_AUTO_TEST_CASE(decoding_replaces_what_was_there) {
  const auto message =
      to_bytes(std::vector{1}, std::set{2}, std::string{"x"}, std::optional<int>{});
  std::vector<int> numbers{7, 8, 9};
  std::set<int> set{4, 5};
  std::string text = "longer than before";
  std::optional<int> maybe = 3;
  reader source{message};
  BOOST_TEST_REQUIRE(source.read(numbers, set, text, maybe));
  BOOST_TEST((numbers == std::vector{1}));
  BOOST_TEST((set == std::set{2}));
  BOOST_TEST(text == "x");
  BOOST_TEST(!maybe);
}

BOOST_AUTO_TEST_CASE(arguments_have_the_bytes_of_their_tuple) {
  const auto listed = to_bytes(1, "x"s, std::vector{1.0});
  BOOST_TEST((listed == to_bytes(std::tuple{1, "x"s, std::vector{1.0}})));
  BOOST_TEST((to_bytes<long, std::string>(1, "x") == to_bytes(1L, "x"s)));
  BOOST_TEST(encoded_size(std::tuple{}) == 0u);
}

BOOST_AUTO_TEST_CASE(sizes_of_fixed_types_are_constants) {
  static_assert(encoded_size(1, 'c', 2.0) == 13);
  static_assert(encoded_size(point{}) == sizeof(point));
  static_assert(is_fixed_size<std::pair<int, std::array<std::tuple<char, bool>, 3>>>);
  static_assert(!is_fixed_size<std::optional<int>> && !is_fixed_size<std::string>);
  check_round_trip(std::pair<int, std::array<std::tuple<char, bool>, 3>>{1, {{{'a', true}}}});
}

BOOST_AUTO_TEST_CASE(views_are_read_in_place_and_aligned) {
  const std::vector<double> numbers{1, 2, 3};
  alignas(64) std::byte room[256];
  const auto size = encode(room, 'c', std::span<const double>{numbers}, std::string_view{"text"});
  reader source{{room, size}};
  char c{};
  std::span<const double> seen;
  std::string_view text;
  BOOST_TEST_REQUIRE(source.read(c, seen, text));
  BOOST_TEST(source.at_end());
  BOOST_TEST(c == 'c');
  BOOST_TEST(text == "text");
  BOOST_TEST(seen == std::span<const double>{numbers}, boost::test_tools::per_element());
  const auto* inside = reinterpret_cast<const std::byte*>(seen.data());
  BOOST_TEST((inside >= room && inside < room + size));
}

BOOST_AUTO_TEST_CASE(a_view_is_refused_where_it_would_be_misaligned_but_a_copy_is_made) {
  const std::vector<double> numbers{1, 2, 3};
  alignas(64) std::byte room[256];
  const auto size = encode(std::span{room + 1, 255}, numbers);
  const auto message = bytes{room + 1, size};
  BOOST_TEST(!decode<std::span<const double>>(message).has_value());
  BOOST_TEST((*decode<std::vector<double>>(message) == numbers));
}

BOOST_AUTO_TEST_CASE(large_runs_start_at_a_multiple_of_64) {
  const std::string big(4096, 'x');
  alignas(64) std::byte room[8192];
  const auto size = encode(room, 1, big);
  std::span<const char> seen;
  int one{};
  reader source{{room, size}};
  BOOST_TEST_REQUIRE(source.read(one, seen));
  BOOST_TEST(reinterpret_cast<std::uintptr_t>(seen.data()) % 64 == 0u);
}

BOOST_AUTO_TEST_CASE(a_run_filled_in_place_is_the_message_of_a_vector) {
  for (const std::size_t count : {0u, 1u, 3u, 511u, 512u, 2000u}) {
    std::vector<std::uint64_t> values(count);
    std::iota(values.begin(), values.end(), 7u);
    alignas(64) static std::array<std::byte, 20'000> room;
    const auto size = run_size<std::uint64_t>(count);
    BOOST_REQUIRE(size == encoded_size(values));
    std::copy(values.begin(), values.end(),
              open_run<std::uint64_t>(std::span{room}.first(size), count));
    BOOST_TEST((decode<std::vector<std::uint64_t>>(std::span{room}.first(size)).value() == values));
  }
}

BOOST_AUTO_TEST_CASE(messages_can_be_appended_to_a_vector) {
  std::vector<std::uint32_t> all{1, 2};
  BOOST_TEST(!append(to_bytes(std::vector<std::uint32_t>{3, 4, 5}), all).has_value());
  BOOST_TEST(!append(to_bytes(std::vector<std::uint32_t>{}), all).has_value());
  // At a place that does not suit its elements.
  auto bytes = to_bytes(std::vector<std::uint32_t>{6});
  bytes.insert(bytes.begin(), std::byte{});
  BOOST_TEST(!append(std::span<const std::byte>{bytes}.subspan(1), all).has_value());
  const std::vector<std::uint32_t> expected{1, 2, 3, 4, 5, 6};
  BOOST_TEST(all == expected, boost::test_tools::per_element());
  bytes.push_back(std::byte{});
  BOOST_TEST(append(std::span<const std::byte>{bytes}.subspan(1), all).has_value());
  BOOST_TEST(append(std::span<const std::byte>{bytes}.subspan(1, 6), all).has_value());
  BOOST_TEST(all == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_vector_can_be_received_as_a_view_a_list_or_a_deque) {
  const auto message = to_bytes(std::vector{1, 2, 3});
  BOOST_TEST((*decode<std::list<int>>(message) == std::list{1, 2, 3}));
  BOOST_TEST((*decode<std::deque<int>>(message) == std::deque{1, 2, 3}));
  BOOST_TEST(decode<std::span<const int>>(message)->size() == 3u);
}

BOOST_AUTO_TEST_CASE(what_no_message_can_hold_is_refused_when_sized) {
  tree deep;
  for (int i = 0; i < 99; ++i) {
    tree above;
    above.children.push_back(std::move(deep));
    deep = std::move(above);
  }
  check_round_trip(deep);
  deep = tree{0, {deep}};
  BOOST_CHECK_THROW(static_cast<void>(encoded_size(deep)), serialization_error);
}

BOOST_AUTO_TEST_CASE(a_failure_names_the_type_and_the_place) {
  const auto failed = decode<std::string>(bytes{});
  BOOST_TEST_REQUIRE(!failed.has_value());
  BOOST_TEST((failed.error().code == errc::bad_data));
  BOOST_TEST(failed.error().message.find("0 bytes are no valid std::") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::wire
