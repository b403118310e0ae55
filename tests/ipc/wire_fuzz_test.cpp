// Goal: random values come back equal; random and damaged bytes never harm the reader.
// Method: seeded generators (the seed is printed; TROUPE_SEED repeats a run); what a damaged
// message decodes to must itself make a round trip. The sanitizer builds look for the rest.

#include "troupe/ipc/wire.hpp"

#include "ipc/wire_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

namespace troupe::wire {
namespace {

using namespace wire_samples;

std::uint64_t seed() {
  const char* given = std::getenv("TROUPE_SEED");
  const auto value = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  BOOST_TEST_MESSAGE("TROUPE_SEED=" << value);
  return value;
}

/// Makes random values; sizes are small so that deep types end.
class maker {
public:
  explicit maker(std::uint64_t from) : engine_{from} {}

  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  template<class T>
  T number() {
    return static_cast<T>(engine_());
  }
  std::string text() {
    // Now and then across the size where runs are aligned to 64.
    std::string out(below(50) == 0 ? 4000 + below(200) : below(20), '\0');
    for (char& c : out) c = number<char>();
    return out;
  }
  template<class C, class F>
  C many(F make) {
    C out;
    for (auto left = below(6); left != 0; --left) out.insert(out.end(), make());
    return out;
  }
  point a_point() { return {number<int>(), number<std::int32_t>() / 7.0}; }
  switches a_panel() { return {below(2) == 1, {number<std::uint8_t>(), 1, 2}, below(2) == 1}; }
  address an_address() { return {text(), number<int>()}; }

  tree a_tree(int depth) {
    tree out{number<int>(), {}};
    for (auto left = depth == 0 ? 0 : below(4); left != 0; --left) {
      out.children.push_back(a_tree(depth - 1));
    }
    return out;
  }

  person a_person() {
    person out{text(), std::nullopt, a_point(), {1, number<std::uint16_t>(), 3}, {}, {}, {}};
    if (below(2) == 1) out.nick = text();
    switch (below(4)) {
    case 0:
      break;
    case 1:
      out.note = number<int>();
      break;
    case 2:
      out.note = text();
      break;
    default:
      out.note = many<std::vector<point>>([this] { return a_point(); });
    }
    out.addresses = many<std::vector<address>>([this] { return an_address(); });
    out.done = {static_cast<int>(below(101))};
    return out;
  }

  basket a_basket() {
    const auto string = [this] { return text(); };
    const auto integer = [this] { return number<int>(); };
    basket out;
    out.ints = many<std::vector<int>>(integer);
    out.bits = many<std::vector<bool>>([this] { return below(2) == 1; });
    out.panels = many<std::vector<switches>>([this] { return a_panel(); });
    out.list = many<std::list<double>>([this] { return number<int>() / 3.0; });
    out.deque = many<std::deque<std::string>>(string);
    out.set = many<std::set<int>>(integer);
    out.map = many<decltype(out.map)>([&] {
      return std::pair{text(), std::vector<std::uint64_t>(below(600), number<std::uint64_t>())};
    });
    out.hashed = many<decltype(out.hashed)>([&] { return std::pair{number<int>(), text()}; });
    out.words = many<decltype(out.words)>(string);
    out.multi = many<decltype(out.multi)>([&] {
      return std::pair{static_cast<colour>(below(3)), number<char>()};
    });
    out.pair_of_names = {text(), text()};
    out.mixed = {below(2) == 1, {number<char>(), 0.25f, text()}};
    out.path = "/" + std::to_string(number<unsigned>());
    out.pause = std::chrono::nanoseconds{number<std::int64_t>()};
    out.root = {number<int>() / 2.0, 0};
    out.wide = std::wstring(below(9), L'w');
    const auto row = [&] { return many<std::vector<int>>(integer); };
    out.cube = many<decltype(out.cube)>([&] { return many<std::vector<std::vector<int>>>(row); });
    return out;
  }

  /// Changes, removes or adds bytes, mostly to values that are likely counts and flags.
  void damage(std::vector<std::byte>& bytes) {
    for (auto left = 1 + below(4); left != 0; --left) {
      const auto at = bytes.empty() ? 0 : below(bytes.size());
      switch (below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(bytes.begin() + static_cast<long>(at), number<std::byte>());
        break;
      case 2:
        if (!bytes.empty()) bytes[at] = std::byte{0xff};
        break;
      case 3:
        if (!bytes.empty()) bytes[at] = static_cast<std::byte>(below(4));
        break;
      default:
        if (!bytes.empty()) bytes[at] ^= std::byte{1} << static_cast<int>(below(8));
      }
    }
    bytes.shrink_to_fit();
  }

private:
  std::mt19937_64 engine_;
};

/// Returns whether `bytes` were accepted; then they must survive a round trip. Nothing is compared:
/// a NaN is not equal to itself, and a hash table may change its order, and so the padding.
template<class T>
bool survives(std::span<const std::byte> bytes) {
  auto value = decode<T>(bytes);
  if (!value) return false;
  const auto again = to_bytes(*value);
  BOOST_TEST_REQUIRE(decode<T>(again).has_value());
  return true;
}

/// A hostile process, played by a thread: flips bytes back and forth until told to end. The race is
/// the point, so the thread sanitizer does not watch this side.
__attribute__((no_sanitize("thread"))) void
scribble(std::span<std::byte> bytes, const std::atomic<bool>& is_done, std::uint64_t state) {
  volatile std::byte* const raw = bytes.data();
  while (!is_done) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto at = (state >> 33) % bytes.size();
    const std::byte before = raw[at];
    raw[at] = static_cast<std::byte>(state >> 24);
    raw[at] = before;
  }
}

BOOST_AUTO_TEST_SUITE(wire_fuzz_suite, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(random_values_come_back_equal) {
  maker make{seed()};
  for (int round = 0; round < 500; ++round) {
    const auto value = std::tuple{make.a_person(), make.a_basket(), make.a_tree(5)};
    const auto message = to_bytes(value);
    auto back = decode<std::tuple<person, basket, tree>>(message);
    BOOST_TEST_REQUIRE(back.has_value());
    BOOST_TEST_REQUIRE((*back == value));
  }
}

BOOST_AUTO_TEST_CASE(damaged_messages_are_refused_or_are_values) {
  maker make{seed()};
  int refused = 0;
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    auto message = round % 2 == 0 ? to_bytes(make.a_person()) : to_bytes(make.a_basket());
    make.damage(message);
    const bool ok = round % 2 == 0 ? survives<person>(message) : survives<basket>(message);
    ++(ok ? accepted : refused);
  }
  BOOST_TEST(refused > 100);
  BOOST_TEST(accepted > 100);
}

BOOST_AUTO_TEST_CASE(random_bytes_are_refused_or_are_values) {
  maker make{seed()};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> noise(make.below(64));
    const bool sparse = make.below(2) == 1; // Small counts get further than random ones.
    for (auto& b : noise) {
      b = sparse && make.below(4) != 0 ? std::byte{0} : static_cast<std::byte>(make.below(256));
    }
    survives<person>(noise);
    survives<basket>(noise);
    survives<tree>(noise);
    survives<std::vector<std::string>>(noise);
    survives<std::map<std::string, std::optional<account>>>(noise);
    survives<std::variant<std::unique_ptr<switches>, std::vector<percent>, bool>>(noise);
    survives<std::tuple<std::string_view, std::span<const std::byte>>>(noise);
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_change_while_they_are_read_do_no_harm) {
  maker make{seed()};
  auto message = to_bytes(make.a_basket(), make.a_person());
  std::atomic<bool> is_done{false};
  std::thread writer{[&] { scribble(message, is_done, make.number<std::uint64_t>()); }};
  for (int round = 0; round < 3000; ++round) {
    std::tuple<basket, person> value;
    reader source{message};
    if (source.read(value)) {
      // What was accepted is ours now and does not change any more.
      const auto copy = to_bytes(value);
      BOOST_TEST((decode<std::tuple<basket, person>>(copy).has_value()));
    }
  }
  is_done = true;
  writer.join();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::wire
