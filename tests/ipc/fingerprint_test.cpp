// Goal: two ends of a channel notice that they do not mean the same type.
// Method: compare constants; and a value written down once, for stability across builds.

#include "troupe/ipc/fingerprint.hpp"

#include "ipc/wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace troupe::wire {
namespace {

using namespace wire_samples;

namespace one {
struct message {
  int a;
  float b;
};
} // namespace one
namespace two {
struct message {
  int a;
  float b;
};
} // namespace two
struct forwards {
  int a;
  double b;
};
struct backwards {
  double a;
  int b;
};
enum class narrow : std::uint8_t {};
enum class wide : std::uint32_t {};

template<class... Ts>
bool all_differ() {
  std::vector all{fingerprint<Ts>()...};
  std::sort(all.begin(), all.end());
  return std::adjacent_find(all.begin(), all.end()) == all.end();
}

BOOST_AUTO_TEST_SUITE(fingerprint_suite, *boost::unit_test::timeout(10))

BOOST_AUTO_TEST_CASE(types_whose_bytes_differ_have_different_fingerprints) {
  BOOST_TEST((all_differ<bool, char, unsigned char, int, unsigned, long, unsigned long, float,
                         double, narrow, wide, colour, std::byte>()));
  BOOST_TEST((all_differ<std::vector<int>, std::vector<long>, std::vector<unsigned>, std::string,
                         std::wstring, std::vector<std::vector<int>>, std::optional<int>,
                         std::array<int, 2>, int[3], std::pair<int, int>, std::tuple<int>,
                         std::tuple<int, int, int>, std::variant<int, float>,
                         std::variant<float, int>, std::map<int, int>, std::filesystem::path>()));
  BOOST_TEST((all_differ<forwards, backwards, one::message, two::message, point, switches, person,
                         basket, account, address, tree, percent, std::chrono::seconds,
                         std::chrono::milliseconds, std::monostate>()));
  BOOST_TEST((fingerprint_of_list<int, char>() != fingerprint_of_list<char, int>()));
  BOOST_TEST(fingerprint_of_list<>() != fingerprint_of_list<std::tuple<>>());
}

BOOST_AUTO_TEST_CASE(containers_with_the_same_bytes_have_the_same_fingerprint) {
  BOOST_TEST(fingerprint<std::vector<int>>() == fingerprint<std::list<int>>());
  BOOST_TEST(fingerprint<std::vector<int>>() == fingerprint<std::span<const int>>());
  BOOST_TEST(fingerprint<std::string>() == fingerprint<std::string_view>());
  BOOST_TEST((fingerprint<std::map<int, bool>>() == fingerprint<std::unordered_map<int, bool>>()));
}

BOOST_AUTO_TEST_CASE(a_fingerprint_is_a_constant_of_the_definition) {
  constexpr auto number = fingerprint<std::vector<std::pair<int, point>>>();
  static_assert(number == fingerprint<std::vector<std::pair<int, point>>>());
  constexpr auto tuple_now = fingerprint<std::tuple<int, bool>>();
  BOOST_TEST(tuple_now == 5097768614699928711u);
  BOOST_TEST(fingerprint<account>() == 329409094302387457u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::wire
