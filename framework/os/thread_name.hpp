// Part of Troupe; see LICENSE.

#pragma once

namespace troupe::os {

/// Names the calling thread in /proc and debuggers; at most 15 characters count.
void name_this_thread(const char* name) noexcept;

/// Lets timers of the calling thread fire on time instead of 50 us late (PR_SET_TIMERSLACK).
void sharpen_timers() noexcept;

} // namespace troupe::os
