// Part of Troupe; see LICENSE.

// A shared library that ends the process which loads it.

#include <cstdlib>

namespace {
const int dying = (std::abort(), 0);
} // namespace

extern "C" int module_value() {
  return dying;
}
