// Part of Troupe; see LICENSE.

#include "troupe/os/signals.hpp"

#include <csignal>
#include <cstring>

#include <pthread.h>

namespace troupe::os {

namespace {

void set_disposition(int signal, void (*handler)(int)) noexcept {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr); // Fails for KILL, STOP and glibc's own: nothing to do.
}

void unblock_all() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

} // namespace

void reset_all_signals() noexcept {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) set_disposition(signal, SIG_DFL);
  unblock_all();
}

void reset_signals(std::span<const int> signals) noexcept {
  for (const int signal : signals) set_disposition(signal, SIG_DFL);
  unblock_all();
}

void ignore_signals(std::span<const int> signals) noexcept {
  for (const int signal : signals) set_disposition(signal, SIG_IGN);
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
