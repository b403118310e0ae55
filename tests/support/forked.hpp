// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <exception>

#include <csignal>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::test {

/// Seconds until a child that hangs is killed.
inline constexpr unsigned forked_limit_s = 60;

inline int plain_fork() {
  return ::fork();
}
/// A fork that runs no handlers of pthread_atfork.
inline int raw_fork() {
  return static_cast<int>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

/// Runs `check` in a forked copy of this process; true: it returned true. False: it returned false,
/// threw, died or hung.
template<class F>
bool holds_in_copy(F check, int (*make_copy)() = plain_fork) {
  const int child = make_copy();
  if (child == 0) {
    ::signal(SIGALRM, SIG_DFL); // The test framework has a handler, which is not for a copy.
    ::alarm(forked_limit_s);
    bool is_right = false;
    try {
      is_right = check();
    } catch (...) {
      is_right = false;
    }
    ::_exit(is_right ? 0 : 1);
  }
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

} // namespace troupe::test
