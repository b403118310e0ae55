// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace troupe {

/// How long a function usually runs, learnt from samples.
struct function_profile {
  /// A function nobody has timed yet is taken for long: it is spread, not packed.
  static constexpr std::int64_t unknown_ns = 1'000'000;

  std::uint64_t key = 0;
  std::int64_t estimate_ns = unknown_ns;
  bool is_known = false;

  /// Takes one sample: the first as it is, then a moving average over about four.
  void learn(duration sample) noexcept {
    const auto sample_ns = std::max<std::int64_t>(1, sample.count());
    estimate_ns = is_known ? estimate_ns + (sample_ns - estimate_ns) / 4 : sample_ns;
    is_known = true;
  }
};

/// The profiles of one pool, found by function. Bounded: two functions that fall into one place
/// share it, the newer taking it over.
///
/// Lives in: host. Threads: one owner (its pool's lock). Blocks: never. Crash: nothing shared.
/// Errors: none.
class profile_table {
public:
  function_profile& of(std::uint64_t key) noexcept {
    auto& profile = table_[(key * 0x9e3779b97f4a7c15u) >> (64 - table_bits)];
    if (profile.key != key) profile = {.key = key};
    return profile;
  }

private:
  static constexpr int table_bits = 8;
  std::array<function_profile, std::size_t{1} << table_bits> table_{};
};

} // namespace troupe
