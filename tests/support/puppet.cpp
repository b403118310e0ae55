// Part of Troupe; see LICENSE.
//
// A child for tests, with modes: puppet MODE [ARGUMENT..]. It reports on stdout, a line at a time.
//   exit N            ends with code N
//   echo WORD..       writes each word as a line
//   err WORD..        the same on stderr
//   env NAME          writes the value of NAME, or "(unset)"
//   echo-role         the same of the zygote's role variable
//   cwd               writes the working directory
//   limit-nofile      writes the soft limit of open files
//   signals           writes blocked and ignored signals that are not the default
//   descriptors       writes the open descriptors above 2
//   cat               copies stdin to stdout
//   hang              says "ready" and waits for ever
//   ignore-term       the same, with SIGTERM ignored
//   flood             writes lines for ever
//   partial           writes "no end" without a line end and exits
//   long N            writes one line of N letters
//   crash             dies of SIGSEGV
//   host-..           see puppet_host.cpp

#include "support/puppet.hpp"

#include "troupe/process/zygote.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using words = std::vector<std::string>;

[[noreturn]] void hang() {
  std::puts("ready");
  std::fflush(stdout);
  for (;;) ::pause();
}

int write_all(std::FILE* to, const words& lines) {
  for (const auto& line : lines) std::fprintf(to, "%s\n", line.c_str());
  return 0;
}

int show_signals() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk") || line.starts_with("SigIgn")) std::puts(line.c_str());
  }
  return 0;
}

int show_descriptors() {
  DIR* list = ::opendir("/proc/self/fd");
  while (const auto* entry = ::readdir(list)) {
    const int number = std::atoi(entry->d_name);
    if (number > 2 && number != ::dirfd(list)) std::puts(entry->d_name);
  }
  ::closedir(list);
  return 0;
}

int copy_stdin() {
  char buffer[4096];
  for (;;) {
    const auto size = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (size <= 0) return size == 0 ? 0 : 1;
    if (::write(STDOUT_FILENO, buffer, static_cast<std::size_t>(size)) != size) return 1;
  }
}

int run(const std::string& mode, const words& arguments) {
  const auto first = arguments.empty() ? std::string{} : arguments.front();
  if (mode == "exit") return std::atoi(first.c_str());
  if (mode == "echo") return write_all(stdout, arguments);
  if (mode == "err") return write_all(stderr, arguments);
  if (mode == "echo-role") return run("env", {"TROUPE_ZYGOTE_FD"});
  if (mode == "env") {
    const char* value = std::getenv(first.c_str());
    return write_all(stdout, {value != nullptr ? value : "(unset)"});
  }
  if (mode == "cwd") {
    char path[4096];
    return write_all(stdout, {::getcwd(path, sizeof path)});
  }
  if (mode == "limit-nofile") {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return write_all(stdout, {std::to_string(limit.rlim_cur)});
  }
  if (mode == "signals") return show_signals();
  if (mode == "descriptors") return show_descriptors();
  if (mode == "cat") return copy_stdin();
  if (mode == "hang") hang();
  if (mode == "ignore-term") {
    std::signal(SIGTERM, SIG_IGN);
    hang();
  }
  if (mode == "flood") {
    for (;;) std::puts("a line of the flood");
  }
  if (mode == "partial") return std::fputs("no end", stdout) < 0;
  if (mode == "long") return std::puts(std::string(std::stoul(first), 'x').c_str()) < 0;
  if (mode == "crash") {
    std::signal(SIGSEGV, SIG_DFL); // A sanitizer would turn it into an exit.
    std::raise(SIGSEGV);
  }
  std::fprintf(stderr, "puppet: no mode '%s'\n", mode.c_str());
  return 64;
}

} // namespace

int main(int argc, char** argv) {
  // As a program whose main ends before it calls init.
  if (argc == 1 && std::getenv("PUPPET_NO_ZYGOTE") != nullptr) return 3;
  if (argc > 1 && std::strcmp(argv[1], "host-without-init") != 0) {
    troupe::become_zygote_if_asked(argc, argv);
  } else if (argc == 1) {
    troupe::become_zygote_if_asked(argc, argv); // A zygote is started without arguments.
  }
  const words arguments{argv + 1, argv + argc};
  if (arguments.empty()) return 64;
  const auto mode = arguments.front();
  const words rest{arguments.begin() + 1, arguments.end()};
  if (mode.starts_with("host-")) return troupe::test::run_host_mode(mode, rest);
  return run(mode, rest);
}
