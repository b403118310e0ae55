// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"

/// What the waits of this room share.
namespace troupe::os {

/// The time left until `limit` as poll and epoll_wait want it: rounded up, -1 for ever.
int milliseconds_until(deadline limit) noexcept;

/// To be called when a wait failed for another reason than a signal: takes a moment, so that the
/// loop around it does not spin while the kernel refuses.
void pause_after_failed_wait() noexcept;

} // namespace troupe::os
