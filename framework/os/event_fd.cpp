// Part of Troupe; see LICENSE.

#include "troupe/os/event_fd.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe::os {

namespace {
constexpr int ring_tries_max = 3;
} // namespace

event_fd event_fd::create() {
  const int raw = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (raw < 0) throw std::system_error{errno, std::generic_category(), "cannot make an eventfd"};
  return event_fd{fd{raw}};
}

void event_fd::ring() const noexcept {
  const std::uint64_t one = 1;
  // EAGAIN means the counter is at its maximum: it is readable all the same. Nobody rings again
  // for a ring that was lost, so a kernel that refuses is asked more than once.
  int tries = 0;
  while (::write(fd_.get(), &one, sizeof one) < 0 && (errno == EINTR || ++tries < ring_tries_max)) {
  }
}

bool event_fd::clear() const noexcept {
  std::uint64_t count = 0;
  for (;;) {
    if (::read(fd_.get(), &count, sizeof count) == sizeof count) return true;
    if (errno != EINTR) return false;
  }
}

} // namespace troupe::os
