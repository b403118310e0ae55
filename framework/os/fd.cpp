// Part of Troupe; see LICENSE.

#include "troupe/os/fd.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::os {

void fd::reset(int raw) noexcept {
  if (raw_ != none) ::close(raw_);
  raw_ = raw;
}

expected<fd> fd::duplicate() const {
  const int copy = ::fcntl(raw_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return system_failure("cannot duplicate a descriptor", errno);
  return fd{copy};
}

} // namespace troupe::os
