// Part of Troupe; see LICENSE.
//
// Runs a program for which some system calls fail, as in a container whose profile does not know
// them: deny ERRNO NUMBER[,NUMBER..] PROGRAM [ARGUMENT..]

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

std::vector<sock_filter> make_filter(unsigned problem, char* numbers) {
  std::vector<sock_filter> out{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (char* one = std::strtok(numbers, ","); one != nullptr; one = std::strtok(nullptr, ",")) {
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(std::atoi(one)), 0, 1));
    out.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | problem));
  }
  out.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return out;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 64;
  auto filter = make_filter(static_cast<unsigned>(std::atoi(argv[1])), argv[2]);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("deny: seccomp");
    return 125;
  }
  ::execvp(argv[3], argv + 3);
  std::perror("deny: exec");
  return 127;
}
