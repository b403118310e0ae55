// Part of Troupe; see LICENSE.

#include "troupe/os/signals.hpp"

#include <csignal>
#include <cstring>

#include <pthread.h>

namespace troupe::os {

void reset_and_block_all_signals() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  // Fails for KILL, STOP and glibc's own: nothing to do.
  for (int signal = 1; signal <= SIGRTMAX; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

void block_all_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

void unblock_all_signals() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

block_signals::block_signals() noexcept {
  static_assert(sizeof(sigset_t) <= sizeof saved_);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::memcpy(saved_, &before, sizeof before);
}

block_signals::~block_signals() {
  sigset_t before;
  std::memcpy(&before, saved_, sizeof before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

} // namespace troupe::os
