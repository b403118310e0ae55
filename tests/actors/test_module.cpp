// Part of Troupe; see LICENSE.

// A shared library with workers, as a user writes one.

#include "troupe/pipeline/worker.hpp"

#include <cstdint>
#include <string>

struct pair {
  std::int64_t left = 0;
  std::int64_t right = 0;
};

namespace {

pair to_pair(const std::string& line) {
  return {std::stoll(line), std::stoll(line)};
}
TROUPE_WORKER(to_pair);

std::string from_pair(const pair& from) {
  return std::to_string(from.left) + "+" + std::to_string(from.right);
}
TROUPE_WORKER(from_pair);

std::string shout(const std::string& line) {
  return line + "!";
}
TROUPE_WORKER(shout);

} // namespace
