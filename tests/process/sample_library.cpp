// Part of Troupe; see LICENSE.

#include "sample_library.hpp"

#include <stdexcept>

namespace troupe_sample {

int twice(int value) {
  return 2 * value;
}

int crash_in_library() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
  return 0;
}

void throw_in_library() {
  throw std::runtime_error{"from a library"};
}

} // namespace troupe_sample
