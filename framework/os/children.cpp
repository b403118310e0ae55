// Part of Troupe; see LICENSE.

#include "troupe/os/children.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::os {

namespace {

std::chrono::microseconds to_duration(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

} // namespace

dead_child_search find_dead_child() noexcept {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (errno != EINTR) return {};
  }
  return {.has_children = true, .dead_pid = info.si_pid};
}

reaped_child reap_child(int pid) noexcept {
  reaped_child out;
  rusage usage{};
  while (::wait4(pid, &out.wait_status, 0, &usage) < 0 && errno == EINTR) {
  }
  out.user_time = to_duration(usage.ru_utime);
  out.system_time = to_duration(usage.ru_stime);
  out.rss_max_kib = usage.ru_maxrss;
  return out;
}

void signal_child(int pid, int signal) noexcept {
  ::kill(pid, signal);
}
void signal_group_of_child(int pid, int signal) noexcept {
  ::kill(-pid, signal);
}
void make_group_of_child(int pid) noexcept {
  ::setpgid(pid, pid);
}

child_death_signal::child_death_signal() {
  sigset_t deaths;
  ::sigemptyset(&deaths);
  ::sigaddset(&deaths, SIGCHLD);
  fd_.reset(::signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw std::system_error{errno, std::generic_category(), "cannot make a signalfd"};
}

void child_death_signal::clear() noexcept {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) > 0) {
  }
}

} // namespace troupe::os
