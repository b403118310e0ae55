// Part of Troupe; see LICENSE.

#include "troupe/os/this_process.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fstream>

#include <dirent.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::os::this_process {

namespace {

constexpr int first_free_descriptor = 3;

void close_range_of(unsigned first, unsigned last) noexcept {
  if (first > last) return;
  if (::syscall(SYS_close_range, first, last, 0) == 0) return;
  // Before Linux 5.9: one by one, as far as descriptors can go.
  const auto open_max = static_cast<unsigned>(std::max(::sysconf(_SC_OPEN_MAX), 1024L));
  for (unsigned number = first; number <= std::min(last, open_max); ++number) {
    ::close(static_cast<int>(number));
  }
}

} // namespace

int pid() noexcept {
  return ::getpid();
}
int parent_pid() noexcept {
  return ::getppid();
}
bool is_privileged_by_file() noexcept {
  return ::getauxval(AT_SECURE) != 0;
}

void signal_at_parent_death(int signal) noexcept {
  ::prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}
void adopt_orphans() noexcept {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
bool inherits_orphans() noexcept {
  int is_subreaper = 0;
  return ::getpid() == 1 ||
         (::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0) == 0 && is_subreaper != 0);
}
void set_name(const std::string& name) noexcept {
  ::prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
}
void lead_own_group() noexcept {
  ::setpgid(0, 0);
}

void raise_oom_score(int score) noexcept {
  const int file = ::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  const fd owner{file};
  char text[16] = {};
  if (::read(file, text, sizeof text - 1) <= 0 || std::atoi(text) >= score) return;
  const auto wanted = std::to_string(score);
  [[maybe_unused]] const auto written = ::pwrite(file, wanted.data(), wanted.size(), 0);
}

void close_all_but(std::span<const int> kept) noexcept {
  unsigned first = first_free_descriptor;
  for (;;) {
    // The smallest kept number that is not behind us; few are kept, so no sorting.
    unsigned next = UINT_MAX;
    for (const int number : kept) {
      if (number < 0) continue;
      const auto candidate = static_cast<unsigned>(number);
      if (candidate >= first) next = std::min(next, candidate);
    }
    if (next == UINT_MAX) return close_range_of(first, UINT_MAX);
    if (next > first) close_range_of(first, next - 1);
    first = next + 1;
  }
}

int set_standard_stream(int number, int descriptor) noexcept {
  // dup2 clears close-on-exec, except onto itself.
  if (descriptor == number) return ::fcntl(number, F_SETFD, 0) == 0 ? 0 : errno;
  return ::dup2(descriptor, number) == number ? 0 : errno;
}

void set_standard_stream_to_null(int number) noexcept {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  set_standard_stream(number, null);
  if (null != number) ::close(null);
}

void fill_standard_streams() noexcept {
  for (const int number : {0, 1, 2}) {
    if (::fcntl(number, F_GETFD) < 0) set_standard_stream_to_null(number);
  }
}

void close_all_at_exec() noexcept {
  constexpr unsigned at_exec = 4; // CLOSE_RANGE_CLOEXEC, Linux 5.11.
  ::syscall(SYS_close_range, first_free_descriptor, UINT_MAX, at_exec);
}

unsigned thread_count() {
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return __libc_single_threaded != 0 ? 1 : 2;
  unsigned count = 0;
  while (const auto* entry = ::readdir(tasks)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(tasks);
  return count;
}

std::vector<int> children() {
  std::vector<int> out;
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return out;
  while (const auto* entry = ::readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    std::ifstream list{std::string{"/proc/self/task/"} + entry->d_name + "/children"};
    for (int child = 0; list >> child;) out.push_back(child);
  }
  ::closedir(tasks);
  return out;
}

} // namespace troupe::os::this_process
