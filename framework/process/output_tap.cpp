// Part of Troupe; see LICENSE.

#include "troupe/process/output_tap.hpp"

#include <utility>

namespace troupe {

void output_tap::open() {
  reactor_.post([self = shared_from_this()] {
    self->is_closed_ = false;
    for (const auto& [key, function] : std::exchange(self->waiting_, {})) function();
  });
}

} // namespace troupe
