// Part of Troupe; see LICENSE.

#include "troupe/os/thread.hpp"

#include "troupe/os/signals.hpp"
#include "troupe/os/thread_name.hpp"

#include <string>
#include <system_error>
#include <utility>

namespace troupe::os {

std::thread start_thread(const char* name, std::function<void()> body) {
  const block_signals inherited;
  try {
    return std::thread{[name, run = std::move(body)] {
      name_this_thread(name);
      run();
    }};
  } catch (const std::system_error& problem) {
    throw std::system_error{
        problem.code(),
        "cannot make the thread '" + std::string{name} +
            "' (raise the limit of processes, ulimit -u or TasksMax=, or of memory, "
            "ulimit -v)"};
  }
}

} // namespace troupe::os
