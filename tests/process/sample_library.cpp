// Part of Troupe; see LICENSE.

#include "sample_library.hpp"

namespace troupe_sample {

int twice(int value) {
  return 2 * value;
}

int crash_in_library() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
  return 0;
}

} // namespace troupe_sample
