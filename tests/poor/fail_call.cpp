// Part of Troupe; see LICENSE.
//
// A library for LD_PRELOAD that makes one call of the C library fail once: the N-th call of one
// name, in one role (host, zygote, worker) and one phase of the program. It also counts all calls,
// so that a test can ask first how many there are.
//   FAIL_CALL_STATE   a file for the counts, shared by all processes; made by the test
//   FAIL_PATH         a folder that seems to be missing, such as /proc, for all processes
//   FAIL_CALL         role:name:phase:N:errno, or empty to count only; N of 0 means every call,
//                     phase 3 means any
//
// Every wrapped function takes only integers and pointers, which are passed in registers, so that
// one shape fits all of them; and each has its name by an asm label, so that the declarations of
// the system's headers do not matter.

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr std::array<std::string_view, 64> names = {"epoll_create1",
                                                    "epoll_ctl",
                                                    "epoll_wait",
                                                    "epoll_pwait2",
                                                    "eventfd",
                                                    "pipe2",
                                                    "socketpair",
                                                    "sendmsg",
                                                    "recvmsg",
                                                    "poll",
                                                    "fcntl_dupfd",
                                                    "fcntl_setfl",
                                                    "fcntl_seals",
                                                    "fcntl_other",
                                                    "memfd_create",
                                                    "ftruncate",
                                                    "mmap",
                                                    "munmap",
                                                    "madvise",
                                                    "fork",
                                                    "posix_spawn",
                                                    "pthread_create",
                                                    "pidfd_open",
                                                    "pidfd_send_signal",
                                                    "close_range",
                                                    "membarrier",
                                                    "futex",
                                                    "futex_waitv",
                                                    "signalfd",
                                                    "timerfd_create",
                                                    "timerfd_settime",
                                                    "read",
                                                    "write",
                                                    "pwrite",
                                                    "open",
                                                    "fopen",
                                                    "fopen64",
                                                    "opendir",
                                                    "dup2",
                                                    "setpgid",
                                                    "prctl",
                                                    "kill",
                                                    "waitid",
                                                    "wait4",
                                                    "getrandom",
                                                    "sched_getaffinity",
                                                    "ioctl",
                                                    "getsockopt",
                                                    "setsockopt",
                                                    "execve",
                                                    "fstat",
                                                    "stat",
                                                    "close",
                                                    "chdir",
                                                    "setrlimit",
                                                    "getrlimit",
                                                    "readlink",
                                                    "sigaction",
                                                    "sched_yield",
                                                    "pthread_sigmask",
                                                    "sigprocmask",
                                                    "accept4",
                                                    "bind",
                                                    "flock"};

constexpr std::size_t index_of(std::string_view name) {
  std::size_t at = 0;
  while (names[at] != name) ++at; // An unknown name does not compile: the index leaves the array.
  return at;
}

enum role : unsigned { host, zygote, worker, other };
constexpr unsigned roles = 3;
constexpr unsigned phases = 3; // start, work, stop; what comes after is left alone.
constexpr const char* role_names[roles] = {"host", "zygote", "worker"};

// Read by the test: see support.py.
struct entry {
  char name[28];
  std::atomic<std::uint32_t> count[phases][roles];
};
struct shared_state {
  std::atomic<std::uint32_t> host_pid;
  std::atomic<std::uint32_t> phase;
  std::atomic<std::uint32_t> fired;
  std::uint32_t reserved;
  entry entries[names.size()];
};

struct plan {
  unsigned role = other;
  std::size_t call = names.size();
  unsigned phase = phases; // This number: any.
  unsigned long occurrence = 0;
  int problem = 0;
};

shared_state* state = nullptr;
plan wanted;
pid_t own_pid = 0;
unsigned own_role = other;

plan parse(const char* text) {
  char role_name[16] = {};
  char name[32] = {};
  plan out;
  if (std::sscanf(text, "%15[^:]:%31[^:]:%u:%lu:%d", role_name, name, &out.phase, &out.occurrence,
                  &out.problem) != 5) {
    return {};
  }
  for (unsigned i = 0; i < roles; ++i) {
    if (std::strcmp(role_name, role_names[i]) == 0) out.role = i;
  }
  for (out.call = 0; out.call < names.size() && names[out.call] != name;) ++out.call;
  return out;
}

[[gnu::constructor]] void begin() {
  const char* const path = std::getenv("FAIL_CALL_STATE");
  const int file = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* const at =
      ::mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED) return;
  auto* const shared = static_cast<shared_state*>(at);
  own_pid = ::getpid();
  std::uint32_t nobody = 0;
  if (shared->host_pid.compare_exchange_strong(nobody, static_cast<std::uint32_t>(own_pid))) {
    own_role = host;
    shared->phase.store(phases); // Until the program says that it starts.
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::memcpy(shared->entries[i].name, names[i].data(), names[i].size());
    }
  } else if (std::getenv("TROUPE_ZYGOTE_FD") != nullptr) {
    own_role = zygote;
  } else if (std::getenv("TROUPE_WORKER_FD") != nullptr) {
    own_role = worker;
  }
  if (const char* const text = std::getenv("FAIL_CALL")) wanted = parse(text);
  state = shared;
}

unsigned current_role() {
  if (::getpid() == own_pid) return own_role;
  return own_role == zygote ? worker : other; // A fork of a zygote.
}

// The folder that is to seem missing; read again by each process, for not each has a state.
bool is_missing(long path) {
  static const char* const folder = std::getenv("FAIL_PATH");
  if (folder == nullptr || path == 0) return false;
  return std::strncmp(reinterpret_cast<const char*>(path), folder, std::strlen(folder)) == 0;
}

// The kernel never refuses an eventfd for ever: only what is planned to fail once fails there.
bool is_spared(long descriptor) {
  if (wanted.occurrence != 0) return false;
  char path[32] = {};
  char target[32] = {};
  std::snprintf(path, sizeof path, "/proc/self/fd/%ld", descriptor);
  const int saved = errno;
  ::syscall(SYS_readlinkat, AT_FDCWD, path, target, sizeof target - 1);
  errno = saved;
  return std::strcmp(target, "anon_inode:[eventfd]") == 0;
}

// The errno that this call is to fail with, or 0.
int planned(std::size_t call) {
  if (state == nullptr) return 0;
  const auto in = current_role();
  const auto phase = state->phase.load();
  if (in >= roles || phase >= phases) return 0;
  const auto count = state->entries[call].count[phase][in].fetch_add(1) + 1;
  if (wanted.call != call || wanted.role != in) return 0;
  if (wanted.phase != phases && wanted.phase != phase) return 0;
  if (wanted.occurrence != 0 && wanted.occurrence != count) return 0;
  state->fired.fetch_add(1);
  return wanted.problem;
}

using function = long(long, long, long, long, long, long, ...);

function* find(const char* name) {
  return reinterpret_cast<function*>(::dlsym(RTLD_NEXT, name));
}

long refuse(int problem, long result) {
  errno = problem;
  return result;
}

std::size_t call_of_fcntl(long command) {
  switch (command) {
  case F_DUPFD_CLOEXEC:
    return index_of("fcntl_dupfd");
  case F_SETFL:
    return index_of("fcntl_setfl");
  case F_ADD_SEALS:
  case F_GET_SEALS:
    return index_of("fcntl_seals");
  default:
    return index_of("fcntl_other");
  }
}

std::size_t call_of_number(long number) {
  switch (number) {
  case SYS_pidfd_open:
    return index_of("pidfd_open");
  case SYS_pidfd_send_signal:
    return index_of("pidfd_send_signal");
  case SYS_close_range:
    return index_of("close_range");
  case SYS_membarrier:
    return index_of("membarrier");
  case SYS_futex:
    return index_of("futex");
  case 449: // futex_waitv, absent from older kernel headers.
    return index_of("futex_waitv");
  default:
    return names.size();
  }
}

} // namespace

#define TROUPE_WRAP(name, planned_errno, result)                                                   \
  extern "C" long fail_##name(long a, long b, long c, long d, long e, long f) asm(#name);          \
  long fail_##name(long a, long b, long c, long d, long e, long f) {                               \
    static function* const real = find(#name);                                                     \
    if (const int problem = planned_errno) return result;                                          \
    return real(a, b, c, d, e, f);                                                                 \
  }
#define TROUPE_WRAP_PATH(name, path, result)                                                       \
  TROUPE_WRAP(name, is_missing(path) ? ENOENT : planned(index_of(#name)), result)
#define TROUPE_MINUS_ONE(name) TROUPE_WRAP(name, planned(index_of(#name)), refuse(problem, -1))
#define TROUPE_NUMBER(name) TROUPE_WRAP(name, planned(index_of(#name)), problem)

TROUPE_MINUS_ONE(epoll_create1)
TROUPE_MINUS_ONE(epoll_ctl)
TROUPE_MINUS_ONE(epoll_wait)
TROUPE_MINUS_ONE(epoll_pwait2)
TROUPE_MINUS_ONE(eventfd)
TROUPE_MINUS_ONE(pipe2)
TROUPE_MINUS_ONE(socketpair)
TROUPE_MINUS_ONE(sendmsg)
TROUPE_MINUS_ONE(recvmsg)
TROUPE_MINUS_ONE(poll)
TROUPE_MINUS_ONE(memfd_create)
TROUPE_MINUS_ONE(ftruncate)
TROUPE_MINUS_ONE(mmap)
TROUPE_MINUS_ONE(munmap)
TROUPE_MINUS_ONE(madvise)
TROUPE_MINUS_ONE(fork)
TROUPE_MINUS_ONE(signalfd)
TROUPE_MINUS_ONE(timerfd_create)
TROUPE_MINUS_ONE(timerfd_settime)
TROUPE_WRAP(read, is_spared(a) ? 0 : planned(index_of("read")), refuse(problem, -1))
TROUPE_WRAP(write, is_spared(a) ? 0 : planned(index_of("write")), refuse(problem, -1))
TROUPE_MINUS_ONE(pwrite)
TROUPE_WRAP_PATH(open, a, refuse(problem, -1))
TROUPE_MINUS_ONE(dup2)
TROUPE_MINUS_ONE(setpgid)
TROUPE_MINUS_ONE(prctl)
TROUPE_MINUS_ONE(kill)
TROUPE_MINUS_ONE(waitid)
TROUPE_MINUS_ONE(wait4)
TROUPE_MINUS_ONE(getrandom)
TROUPE_MINUS_ONE(sched_getaffinity)
TROUPE_MINUS_ONE(ioctl)
TROUPE_MINUS_ONE(getsockopt)
TROUPE_MINUS_ONE(setsockopt)
TROUPE_WRAP_PATH(execve, a, refuse(problem, -1))
TROUPE_MINUS_ONE(fstat)
TROUPE_WRAP_PATH(stat, a, refuse(problem, -1))
TROUPE_MINUS_ONE(chdir)
TROUPE_MINUS_ONE(setrlimit)
TROUPE_MINUS_ONE(getrlimit)
TROUPE_WRAP_PATH(readlink, a, refuse(problem, -1))
TROUPE_MINUS_ONE(sigaction)
TROUPE_MINUS_ONE(sched_yield)
TROUPE_MINUS_ONE(sigprocmask)
TROUPE_MINUS_ONE(accept4)
TROUPE_MINUS_ONE(bind)
TROUPE_MINUS_ONE(flock)
TROUPE_WRAP_PATH(fopen, a, refuse(problem, 0))
TROUPE_WRAP_PATH(fopen64, a, refuse(problem, 0))
TROUPE_WRAP_PATH(opendir, a, refuse(problem, 0))
TROUPE_WRAP_PATH(posix_spawn, b, problem)
TROUPE_NUMBER(pthread_create)
TROUPE_NUMBER(pthread_sigmask)
// The number is free afterwards, whatever close says.
TROUPE_WRAP(close, planned(index_of("close")), (real(a, b, c, d, e, f), refuse(problem, -1)))
TROUPE_WRAP(fcntl, planned(call_of_fcntl(b)), refuse(problem, -1))

extern "C" long fail_syscall(long number, long a, long b, long c, long d, long e,
                             long f) asm("syscall");
long fail_syscall(long number, long a, long b, long c, long d, long e, long f) {
  static function* const real = find("syscall");
  const auto call = call_of_number(number);
  const int problem = call < names.size() ? planned(call) : 0;
  return problem != 0 ? refuse(problem, -1) : real(number, a, b, c, d, e, f);
}

/// The program tells where it stands: 0 start, 1 work, 2 stop; from 3 on nothing fails.
extern "C" [[gnu::visibility("default")]] void fail_call_phase(unsigned phase) {
  if (state != nullptr) state->phase.store(phase);
}
