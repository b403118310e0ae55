// Part of Troupe; see LICENSE.

// A shared library with workers, as a user writes one.

#include "troupe/pipeline/worker.hpp"

#include <string>

namespace {

std::string shout(const std::string& line) {
  return line + "!";
}
TROUPE_WORKER(shout);

} // namespace
