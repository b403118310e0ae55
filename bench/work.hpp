// Part of Troupe; see LICENSE.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

/// The work that every side does, so that only the way there and back differs.
namespace bench {

/// The empty task: all that is measured is the way to the worker and back.
inline std::uint64_t noop(std::uint64_t value) {
  return value + 1;
}

/// The sum of noop(0) .. noop(tasks - 1), by which a run proves that it answered each task once.
constexpr std::uint64_t noop_sum(std::uint64_t tasks) {
  return tasks * (tasks + 1) / 2;
}

constexpr std::size_t blob_bytes = std::size_t{1} << 20;

/// Sums the 64-bit words of a blob, whose size is a multiple of 32. Four sums and plain loads, so
/// that it runs at the speed of memory.
inline std::uint64_t checksum(const void* data, std::size_t bytes) {
  const auto* words = static_cast<const unsigned char*>(data);
  const auto load = [words](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, words + at, sizeof word); // ZeroMQ does not align what it received.
    return word;
  };
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  std::uint64_t fourth = 0;
  for (std::size_t at = 0; at + 32 <= bytes; at += 32) {
    first += load(at);
    second += load(at + 8);
    third += load(at + 16);
    fourth += load(at + 24);
  }
  return first + second + third + fourth;
}

/// Blobs that a host sends round and round, and what a worker must answer to each.
struct blob_set {
  explicit blob_set(std::size_t count) : blobs(count), sums(count) {
    std::mt19937_64 random{count};
    for (std::size_t i = 0; i < count; ++i) {
      blobs[i].resize(blob_bytes / sizeof(std::uint64_t));
      for (auto& word : blobs[i]) word = random();
      sums[i] = checksum(blobs[i].data(), blob_bytes);
    }
  }

  /// Makes every word of blob i the number i, for works that fill their blobs themselves.
  void make_uniform() {
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      std::fill(blobs[i].begin(), blobs[i].end(), i);
      sums[i] = i * blobs[i].size();
    }
  }

  /// What the answers to tasks 0 .. tasks - 1 add up to, when task i carries blob i % size.
  [[nodiscard]] std::uint64_t sum_of(std::uint64_t tasks) const {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < tasks; ++i) sum += sums[i % sums.size()];
    return sum;
  }

  std::vector<std::vector<std::uint64_t>> blobs;
  std::vector<std::uint64_t> sums;
};

/// Keeps a core busy for `units`: a microsecond each at 2 GHz, the same instructions everywhere.
inline std::uint64_t busy(std::uint64_t units) {
  constexpr std::uint64_t steps_per_unit = 400;
  std::uint64_t state = units;
  for (std::uint64_t step = 0; step < units * steps_per_unit; ++step) {
    state = state * 6364136223846793005U + 1442695040888963407U;
  }
  return state;
}

/// Lengths of uneven tasks: lognormal around 300 units, cut to 20 .. 5000.
inline std::vector<std::uint64_t> uneven_units(std::size_t count) {
  std::mt19937_64 random{42};
  std::lognormal_distribution<double> lengths{std::log(300.0), 1.0};
  std::vector<std::uint64_t> units(count);
  for (auto& unit : units)
    unit = static_cast<std::uint64_t>(std::clamp(lengths(random), 20.0, 5000.0));
  return units;
}

} // namespace bench
