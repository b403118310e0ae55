// Part of Troupe; see LICENSE.

#include "troupe/os/thread_name.hpp"

#include <sys/prctl.h>

namespace troupe::os {

void name_this_thread(const char* name) noexcept {
  ::prctl(PR_SET_NAME, name);
}

void sharpen_timers() noexcept {
  ::prctl(PR_SET_TIMERSLACK, 1);
}

} // namespace troupe::os
