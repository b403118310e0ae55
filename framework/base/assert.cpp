// Part of Troupe; see LICENSE.

#include "troupe/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace troupe::detail {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "troupe: broken contract: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

} // namespace troupe::detail
