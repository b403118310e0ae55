// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/os/fd.hpp"

#include <functional>

struct epoll_event;

namespace troupe::os {

/// Throws std::system_error when the process is out of descriptors.
fd make_epoll();

/// Watches an eventfd for rings, each once (edge-triggered: nobody has to read it). `tag` comes
/// back from `epoll_wait`.
void epoll_add(const fd& epoll, const fd& watched, void* tag);
void epoll_remove(const fd& epoll, const fd& watched) noexcept;

/// Sleeps until something rang or `limit`, to the microsecond; calls `on_ring(tag)` for each. Where
/// the kernel or a container's profile has no epoll_pwait2, to the millisecond, never too early.
/// May return early without a ring; a kernel that refuses to wait at all is asked again after a
/// pause, so that a loop around this does not spin.
void epoll_wait(const fd& epoll, deadline limit, const std::function<void(void*)>& on_ring);

/// What the waits on an epoll share: the system call, with the same time limit, fallback and pause
/// as above. Returns how many of the `room` events it has filled in, 0 also after a signal.
int wait_for_events(const fd& epoll, deadline limit, epoll_event* events, int room);

} // namespace troupe::os
