// Part of Troupe; see LICENSE.
//
// Loaded by the test with dlopen; has the signature of a worker's entry without naming its types.

#include <cstddef>
#include <span>

namespace troupe::os {
class fd;
}

extern "C" int plugin_entry(std::span<troupe::os::fd>, std::span<const std::byte>) {
  return 21;
}
