// Part of Troupe; see LICENSE.

#pragma once

#include <chrono>
#include <complex>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

// Types that travel, one of each shape; shared by the tests of the wire format.
namespace troupe::wire_samples {

enum class colour : std::uint8_t { red, green, blue };

struct point {
  int x = 0;
  double y = 0;
  friend bool operator==(const point&, const point&) = default;
};

/// Raw, but not all of its bytes are valid.
struct switches {
  bool left = false;
  std::uint8_t level[3] = {};
  bool right = false;
  friend bool operator==(const switches&, const switches&) = default;
};

/// In CAF 0.17's style, with private members.
class account {
public:
  account() = default;
  account(std::string owner, std::int64_t cents) : owner_{std::move(owner)}, cents_{cents} {}
  friend bool operator==(const account&, const account&) = default;

  template<class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, account& x) {
    return f(x.owner_, x.cents_);
  }

private:
  std::string owner_;
  std::int64_t cents_ = 0;
};

/// In the style of later CAFs.
struct address {
  std::string street;
  int number = 0;
  friend bool operator==(const address&, const address&) = default;
};

template<class Inspector>
bool inspect(Inspector& f, address& x) {
  return f.object(x).pretty_name("address").fields(f.field("street", x.street),
                                                   f.field("number", x.number).fallback(0));
}

/// Contains itself.
struct tree {
  int value = 0;
  std::vector<tree> children;
  friend bool operator==(const tree&, const tree&) = default;

  template<class Inspector>
  friend bool inspect(Inspector& f, tree& x) {
    return f(x.value, x.children);
  }
};

struct percent {
  int value = 0;
  friend bool operator==(const percent&, const percent&) = default;
};

inline bool wire_valid(const percent& x) {
  return x.value >= 0 && x.value <= 100;
}

struct person {
  std::string name;
  std::optional<std::string> nick;
  point home;
  std::uint16_t codes[3] = {};
  std::variant<std::monostate, int, std::string, std::vector<point>> note;
  std::vector<address> addresses;
  percent done;
  friend bool operator==(const person&, const person&) = default;
};

struct basket {
  std::vector<int> ints;
  std::vector<bool> bits;
  std::vector<switches> panels;
  std::list<double> list;
  std::deque<std::string> deque;
  std::set<int> set;
  std::map<std::string, std::vector<std::uint64_t>> map;
  std::unordered_map<int, std::string> hashed;
  std::unordered_set<std::string> words;
  std::multimap<colour, char> multi;
  std::array<std::string, 2> pair_of_names;
  std::pair<bool, std::tuple<char, float, std::string>> mixed;
  std::filesystem::path path;
  std::chrono::nanoseconds pause{};
  std::chrono::system_clock::time_point when;
  std::complex<double> root;
  std::wstring wide;
  std::vector<std::vector<std::vector<int>>> cube;
  friend bool operator==(const basket&, const basket&) = default;
};

} // namespace troupe::wire_samples
