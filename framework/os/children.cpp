// Part of Troupe; see LICENSE.

#include "troupe/os/children.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <sys/resource.h>
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

int group_of_child(int pid) noexcept {
  return std::max(0, ::getpgid(pid));
}
bool is_dead_child(int pid) noexcept {
  siginfo_t info{};
  int result = -1;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  return result == 0 && info.si_pid == pid;
}

reap_result reap_child(int pid, reaped_child& out) noexcept {
  rusage usage{};
  pid_t found = -1;
  do {
    found = ::wait4(pid, &out.wait_status, WNOHANG, &usage);
  } while (found < 0 && errno == EINTR);
  if (found < 0) return reap_result::stolen;
  if (found == 0) return reap_result::not_yet;
  out.user_time = to_duration(usage.ru_utime);
  out.system_time = to_duration(usage.ru_stime);
  out.rss_max_kib = usage.ru_maxrss;
  return reap_result::reaped;
}

void signal_child(int pid, int signal) noexcept {
  ::kill(pid, signal);
}
void signal_group_of_child(int pid, int signal) noexcept {
  ::kill(-pid, signal);
}
bool has_living_child(int group) noexcept {
  // The dead do not count where nobody asks for ends: it fails when there is nobody else.
  siginfo_t info{};
  int result = -1;
  do {
    result = ::waitid(P_PGID, static_cast<id_t>(group), &info, WSTOPPED | WNOHANG | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}
void make_group_of_child(int pid) noexcept {
  ::setpgid(pid, pid);
}

} // namespace troupe::os
