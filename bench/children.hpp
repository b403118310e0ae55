// Part of Troupe; see LICENSE.

#pragma once

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// Workers of the peers: plain forks that end with the program that forked them.
namespace bench {

/// Forks `count` workers that each run `work(index)`; kills and reaps them when it goes.
class children {
public:
  template<class Work>
  children(std::size_t count, Work work) {
    for (std::size_t index = 0; index < count; ++index) {
      const pid_t parent = getpid();
      const pid_t pid = fork();
      if (pid < 0) throw std::runtime_error("cannot fork a worker");
      if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        work(index);
        _exit(0);
      }
      pids_.push_back(pid);
    }
  }

  children(const children&) = delete;
  children& operator=(const children&) = delete;

  ~children() {
    for (const auto pid : pids_) kill(pid, SIGKILL);
    for (const auto pid : pids_) waitpid(pid, nullptr, 0);
  }

private:
  std::vector<pid_t> pids_;
};

/// Zeroed memory that forked workers share; never unmapped, for these programs are short.
template<class T>
T* shared_array(std::size_t count) {
  void* memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("cannot map memory to share");
  return static_cast<T*>(memory);
}

} // namespace bench
