// Part of Troupe; see LICENSE.

#include "troupe/pool/environment.hpp"

#include "troupe/base/error.hpp"

#include <atomic>

namespace troupe {

namespace {
std::atomic<environment_source> current_source{nullptr};
}

void set_environment_source(environment_source source) noexcept {
  current_source.store(source);
}

std::shared_ptr<pool_environment> shared_environment() {
  const auto source = current_source.load();
  if (source == nullptr) {
    throw error{errc::not_initialised,
                "a pool cannot start: troupe::init(argc, argv) was not called; "
                "make it the first statement of main"};
  }
  return source();
}

} // namespace troupe
