// Part of Troupe; see LICENSE.

#include "troupe/os/pidfd.hpp"

#include "troupe/os/wait_time.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD static_cast<idtype_t>(3)
#endif

namespace troupe::os {

namespace {

// Of a wait whose time is over.
constexpr int failed_looks_max = 3;
constexpr unsigned signal_process_group = 4; // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9.

// struct pidfd_info of <linux/pidfd.h> (first version), absent from older kernel headers.
struct pidfd_info {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t ids[11];
  std::int32_t exit_code;
};
static_assert(sizeof(pidfd_info) == 64);
constexpr std::uint64_t wants_exit_code = 1U << 3;
constexpr unsigned long get_info = _IOWR(0xFF, 11, pidfd_info);

// Until it is reaped, the number of a child is its own.
std::optional<int> reap_by_number(int raw) noexcept try {
  std::ifstream info{"/proc/self/fdinfo/" + std::to_string(raw)};
  for (std::string word; info >> word;) {
    int pid = 0;
    int status = 0;
    if (word != "Pid:") continue;
    if (!(info >> pid) || pid <= 0) return std::nullopt;
    return ::waitpid(pid, &status, WNOHANG) == pid ? std::optional{status} : std::nullopt;
  }
  return std::nullopt;
} catch (...) {
  return std::nullopt; // Out of memory.
}

bool is_sent(long result) noexcept {
  return result == 0 || errno == ESRCH;
}

} // namespace

expected<pidfd> pidfd::open(int pid) {
  const auto raw = ::syscall(SYS_pidfd_open, pid, 0);
  if (raw < 0) return system_failure("cannot open a process (pidfd_open)", errno);
  return pidfd{fd{static_cast<int>(raw)}}; // Close-on-exec by definition.
}

bool pidfd::signal(int signal) const noexcept {
  return is_sent(::syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, 0));
}

bool pidfd::signal_group(int signal) const noexcept {
  return is_sent(
      ::syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, signal_process_group));
}

bool pidfd::has_exited() const noexcept {
  return wait_exited(deadline::now());
}

bool pidfd::wait_exited(deadline limit) const noexcept {
  int failed_looks = 0;
  for (;;) {
    pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&entry, 1, milliseconds_until(limit));
    if (count > 0) return true;
    if (count == 0 && limit.has_passed()) return false;
    // Out of memory for a moment, perhaps: a look that failed says nothing about the process.
    if (count < 0 && errno != EINTR) {
      if (limit.has_passed() && ++failed_looks == failed_looks_max) return false;
      pause_after_failed_wait();
    }
  }
}

std::optional<int> pidfd::reap() const noexcept {
  siginfo_t info{};
  const auto id = static_cast<id_t>(fd_.get());
  while (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) != 0) {
    if (errno == EINTR) continue;
    // Not our child, or reaped; else a container's profile or an old kernel does not know the call.
    return errno == ECHILD ? std::nullopt : reap_by_number(fd_.get());
  }
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return (info.si_status & 0xff) << 8;
  return info.si_code == CLD_DUMPED ? info.si_status | 0x80 : info.si_status;
}

std::optional<int> pidfd::reaped_status() const noexcept {
  pidfd_info info{};
  info.mask = wants_exit_code;
  if (::ioctl(fd_.get(), get_info, &info) != 0) return std::nullopt;
  if ((info.mask & wants_exit_code) == 0) return std::nullopt;
  return info.exit_code;
}

} // namespace troupe::os
