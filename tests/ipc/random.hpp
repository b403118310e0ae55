// Part of Troupe; see LICENSE.

#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>

namespace troupe::test {

/// Random numbers whose seed is printed; TROUPE_SEED repeats a run.
class random {
public:
  random() : random{choose_seed()} {}
  explicit random(std::uint64_t seed) : engine_{seed} {}

  std::uint64_t next() { return engine_(); }
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool is_one_in(std::uint64_t count) { return below(count) == 0; }
  /// Mostly small, sometimes as large as `most`: every power of two is as likely.
  std::uint64_t size_up_to(std::uint64_t most) {
    const auto limit = most >> below(24);
    return below(limit + 1);
  }

private:
  static std::uint64_t choose_seed() {
    const char* given = std::getenv("TROUPE_SEED");
    const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    BOOST_TEST_MESSAGE("TROUPE_SEED=" << seed);
    return seed;
  }

  std::mt19937_64 engine_;
};

} // namespace troupe::test
