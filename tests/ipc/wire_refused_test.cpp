// Goal: what means nothing in another process does not compile; bytes that are no value are
// refused. Method: static_asserts for types; hand-made messages for bytes.

#include "troupe/ipc/wire.hpp"

#include "ipc/wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <variant>

namespace troupe::wire {
namespace {

using namespace wire_samples;

struct holds_pointer {
  int* p;
};
struct holds_deep_pointer {
  std::vector<std::pair<int, std::array<holds_pointer, 2>>> all;
};
struct holds_reference {
  const int& r;
};
struct holds_const {
  const int value;
};
struct parent {
  int x;
};
struct child : parent {
  int y;
};
union either {
  int a;
  float b;
};
struct needs_argument {
  explicit needs_argument(int) {}
};
struct hides_field {
  int a;
  needs_argument b = needs_argument{1};
};
struct has_virtual {
  virtual ~has_virtual() = default;
  int x = 0;
};
class adds {
public:
  int operator()(int x) const { return x + more_; }

private:
  int more_ = 1;
};
class counter {
public:
  counter() = default;
  int value() const { return value_; }

private:
  int value_ = 0;
};
struct made_with {
  explicit made_with(int x) : value{x} {}
  int value;
};

static_assert(!encodable<int*> && !encodable<const char*> && !encodable<std::nullptr_t>);
static_assert(!encodable<int&> && !encodable<void (*)()> && !encodable<int parent::*>);
static_assert(!encodable<void> && !encodable<int()> && !encodable<int[]>);
static_assert(!encodable<holds_pointer> && !encodable<holds_deep_pointer>);
static_assert(!encodable<holds_reference> && !encodable<holds_const> && !encodable<child>);
static_assert(!encodable<either> && !encodable<hides_field> && !encodable<has_virtual>);
static_assert(!encodable<std::function<void()>> && !encodable<adds>);
static_assert(!encodable<std::shared_ptr<int>> && !encodable<std::unique_ptr<int[]>>);
static_assert(!encodable<std::unique_ptr<has_virtual>> && !encodable<std::weak_ptr<int>>);
static_assert(!encodable<std::vector<int*>> && !encodable<std::map<int, int*>>);
static_assert(!encodable<std::optional<int*>> && !encodable<std::variant<int, int*>>);
static_assert(!encodable<std::pair<int, int*>> && !encodable<std::tuple<int*>>);
static_assert(!encodable<std::span<int*>> && !encodable<std::span<const std::string>>);
static_assert(!encodable<std::vector<int>::iterator> && !encodable<std::initializer_list<int>>);
static_assert(!encodable<std::reference_wrapper<int>> && !encodable<std::error_code>);
static_assert(!encodable<std::thread> && !encodable<std::thread::id> && !encodable<std::mutex>);
static_assert(!encodable<std::atomic<int>> && !encodable<std::exception_ptr>);

static_assert(encodable<const int> && encodable<counter> && is_raw<counter>);
static_assert(encodable<std::span<int>> && !decodable<std::span<int>>);
static_assert(decodable<std::span<const point>> && !decodable<std::span<const switches>>);
static_assert(!decodable<std::span<const bool>> && !decodable<std::span<const long double>>);
static_assert(encodable<made_with> && !decodable<made_with> && !decodable<std::vector<made_with>>);
static_assert(is_raw<point> && is_raw<switches> && is_raw<int[3]> && is_raw<std::array<point, 2>>);
static_assert(!is_raw<std::string> && !is_raw<account> && !is_raw<std::optional<int>>);

constexpr auto closure = [](int x) { return x; };
static_assert(encodable<std::remove_const_t<decltype(closure)>>);
[[maybe_unused]] const auto capturing = [x = 1] { return x; };
[[maybe_unused]] const auto generic = [x = 1](auto y) { return x + y; };
static_assert(!encodable<std::remove_const_t<decltype(capturing)>>);
static_assert(!encodable<std::remove_const_t<decltype(generic)>>);

template<class T>
bool accepts(std::initializer_list<int> numbers) {
  std::vector<std::byte> bytes;
  for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
  return decode<T>(bytes).has_value();
}

BOOST_AUTO_TEST_SUITE(wire_refused_suite, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(a_bool_is_zero_or_one) {
  BOOST_TEST(accepts<bool>({1}));
  BOOST_TEST(!accepts<bool>({2}));
  BOOST_TEST(!accepts<switches>({1, 0, 0, 0, 2}));
  BOOST_TEST(!accepts<switches>({255, 0, 0, 0, 1}));
  BOOST_TEST(accepts<std::vector<bool>>({2, 0, 0, 0, 0, 1}));
  BOOST_TEST(!accepts<std::vector<bool>>({2, 0, 0, 0, 0, 3}));
  BOOST_TEST(!accepts<std::vector<switches>>({1, 0, 0, 0, 0, 0, 0, 0, 7}));
  BOOST_TEST(!accepts<std::optional<int>>({2, 0, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(a_variant_has_only_its_alternatives) {
  BOOST_TEST((accepts<std::variant<char, std::monostate>>({1, 0})));
  BOOST_TEST((!accepts<std::variant<char, std::monostate>>({2, 0})));
  BOOST_TEST((!accepts<std::variant<char, std::monostate>>({255, 0})));
}

BOOST_AUTO_TEST_CASE(a_type_may_refuse_values_itself) {
  BOOST_TEST(accepts<percent>({100, 0, 0, 0}));
  BOOST_TEST(!accepts<percent>({101, 0, 0, 0}));
  BOOST_TEST(!accepts<std::vector<percent>>({1, 0, 0, 0, 101, 0, 0, 0}));
  BOOST_TEST((!accepts<std::pair<char, percent>>({0, 101, 0, 0, 0})));
}

/// As CAF's inspect allows: false while saving is an error.
struct refuses_zero {
  std::uint8_t value = 0;
  template<class Inspector>
  friend bool inspect(Inspector& f, refuses_zero& x) {
    if (!Inspector::is_loading && x.value == 0) return false;
    return f(x.value);
  }
};
/// The same in CAF's newer style.
struct refuses_by_callback {
  int value = 0;
  template<class Inspector>
  friend bool inspect(Inspector& f, refuses_by_callback& x) {
    return f.object(x).on_save([&] { return x.value != 0; }).fields(f.field("value", x.value));
  }
};
/// Accepts when it is measured and refuses when it is written.
struct refuses_late {
  mutable int asked = 0;
  std::string text;
  template<class Inspector>
  friend bool inspect(Inspector& f, refuses_late& x) {
    return f(x.text) && ++x.asked % 2 == 1;
  }
};

template<class T>
bool is_refused_naming_its_type(const T& value, std::string_view type) {
  try {
    (void)to_bytes(std::string{"before"}, value);
  } catch (const serialization_error& e) {
    return std::string_view{e.what()}.find(type) != std::string_view::npos;
  }
  return false;
}

BOOST_AUTO_TEST_CASE(a_type_may_refuse_to_be_sent) {
  BOOST_TEST(is_refused_naming_its_type(refuses_zero{}, "refuses_zero"));
  BOOST_TEST(is_refused_naming_its_type(refuses_by_callback{}, "refuses_by_callback"));
  BOOST_TEST(is_refused_naming_its_type(refuses_late{}, "refuses_late"));
  using inside = std::vector<std::pair<int, std::optional<refuses_zero>>>;
  BOOST_TEST(is_refused_naming_its_type(inside{{1, refuses_zero{1}}, {2, refuses_zero{0}}},
                                        "refuses_zero"));
  BOOST_TEST(is_refused_naming_its_type(std::map<int, refuses_zero>{{1, {}}}, "refuses_zero"));
  BOOST_TEST(
      is_refused_naming_its_type(std::variant<int, refuses_zero>{refuses_zero{}}, "refuses_zero"));
  const auto bytes = to_bytes(refuses_zero{3});
  BOOST_TEST(static_cast<int>(decode<refuses_zero>(bytes)->value) == 3);
}

BOOST_AUTO_TEST_CASE(a_message_that_ends_early_or_late_is_refused) {
  const auto message = to_bytes(std::string{"text"}, 5, std::vector{1, 2});
  for (std::size_t size = 0; size < message.size(); ++size) {
    // A copy of exactly that size, so that the sanitizer sees a read behind it.
    const std::vector<std::byte> part(message.begin(), message.begin() + static_cast<long>(size));
    BOOST_TEST((!decode<std::tuple<std::string, int, std::vector<int>>>(part).has_value()));
  }
  auto longer = message;
  longer.push_back(std::byte{});
  BOOST_TEST((!decode<std::tuple<std::string, int, std::vector<int>>>(longer).has_value()));
}

BOOST_AUTO_TEST_CASE(a_count_beyond_the_bytes_allocates_nothing) {
  BOOST_TEST(!accepts<std::string>({255, 255, 255, 255, 'x'}));
  BOOST_TEST(!accepts<std::vector<int>>({255, 255, 255, 255, 1, 0, 0, 0}));
  BOOST_TEST(!accepts<std::vector<std::string>>({255, 255, 255, 255, 0, 0, 0, 0}));
  BOOST_TEST(!accepts<std::vector<account>>({255, 255, 255, 255, 0, 0, 0, 0}));
  BOOST_TEST(!accepts<std::vector<std::monostate>>({255, 255, 255, 255, 0}));
  BOOST_TEST(!accepts<std::list<int>>({2, 0, 0, 0, 1, 0, 0, 0}));
  BOOST_TEST((!accepts<std::map<int, std::string>>({255, 255, 255, 15, 0, 0, 0, 0})));
  BOOST_TEST((!accepts<std::unordered_map<int, int>>({1, 0, 0, 0, 1, 0, 0, 0})));
}

// Measured only: nobody looks at the bytes.
BOOST_AUTO_TEST_CASE(a_count_of_more_than_32_bits_is_refused_when_it_is_sent) {
  const auto most = std::size_t{0xffff'ffff};
  BOOST_TEST(encoded_size(std::string_view{"", most}) == 64 + most); // Large ones are aligned.
  BOOST_CHECK_EXCEPTION((void)encoded_size(std::string_view{"", most + 1}), serialization_error,
                        [](const serialization_error& e) {
                          return std::string_view{e.what()}.find("4294967296 elements") !=
                                 std::string_view::npos;
                        });
}

BOOST_AUTO_TEST_CASE(a_long_value_does_not_eat_the_room_of_the_next_key) {
  // Two entries announced; the first takes all bytes that the count was compared with.
  BOOST_TEST((!accepts<std::map<int, std::string>>(
      {2, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'})));
  BOOST_TEST((!accepts<std::vector<std::pair<std::string, int>>>(
      {2, 0, 0, 0, 8, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 1, 0, 0, 0})));
}

BOOST_AUTO_TEST_CASE(hostile_nesting_does_not_exhaust_the_stack) {
  // Each level: value 0, one child.
  std::vector<std::byte> bytes;
  for (int level = 0; level < 1'000'000; ++level) {
    for (const int b : {0, 0, 0, 0, 1, 0, 0, 0}) bytes.push_back(static_cast<std::byte>(b));
  }
  BOOST_TEST(!decode<tree>(bytes).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::wire
