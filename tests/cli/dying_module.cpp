// Part of Troupe; see LICENSE.

// A shared library that ends the process which loads it: it exits with DYING_MODULE_EXIT, or
// aborts.

#include <cstdio>
#include <cstdlib>

namespace {

int die() {
  if (const char* const code = std::getenv("DYING_MODULE_EXIT")) std::exit(std::atoi(code));
  std::fputs("no licence\n", stderr);
  std::abort();
}

const int dying = die();

} // namespace

extern "C" int module_value() {
  return dying;
}
