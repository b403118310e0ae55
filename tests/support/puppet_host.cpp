// Part of Troupe; see LICENSE.
//
// The puppet as a host: puppet host-MODE.
//   host-workers        starts workers of every stubborn kind, writes "pid N" for each of them and
//                       for what they forked, then "ready", and waits for ever
//   host-late-init      the same for a program that does not reach init when started again
//   host-without-init   tries to start a worker although init was not called; writes the failure

#include "support/launch_fixture.hpp"
#include "support/puppet.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace troupe::test {

namespace {

using descriptors = std::span<os::fd>;
using bytes = std::span<const std::byte>;

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}

void say_pid(int pid) {
  std::printf("pid %d\n", pid);
  std::fflush(stdout);
}

int busy(descriptors, bytes) {
  say_pid(::getpid());
  volatile bool is_on = true;
  while (is_on) {
  }
  return 0;
}

int stopped(descriptors, bytes) {
  say_pid(::getpid());
  ::raise(SIGSTOP);
  wait_for_ever();
}

int deaf(descriptors, bytes) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  say_pid(::getpid());
  wait_for_ever();
}

int with_grandchildren(descriptors, bytes) {
  if (::fork() == 0) {
    say_pid(::getpid()); // Of the same group.
    wait_for_ever();
  }
  if (::fork() == 0) {
    ::setsid();
    if (::fork() == 0) {
      say_pid(::getpid()); // A daemon: other session, parent gone.
      wait_for_ever();
    }
    ::_exit(0);
  }
  say_pid(::getpid());
  wait_for_ever();
}

int run_workers() {
  launch_fixture fixture;
  std::vector<std::shared_ptr<recording_observer>> workers;
  process_options options;
  options.out = output_mode::inherit;
  options.err = output_mode::inherit;
  for (auto* entry : {busy, stopped, deaf, with_grandchildren}) {
    workers.push_back(fixture.start_worker(entry, options));
    if (!workers.back()->started()) return EXIT_FAILURE;
  }
  std::puts("ready");
  std::fflush(stdout);
  wait_for_ever();
}

int run_and_show_failure() {
  launch_fixture fixture;
  const auto worker = fixture.start_worker(busy);
  std::puts(to_string(worker->start_failure()).c_str());
  return worker->started() ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace

int run_host_mode(const std::string& mode, const std::vector<std::string>&) {
  if (mode == "host-workers") return run_workers();
  if (mode == "host-without-init") return run_and_show_failure();
  if (mode == "host-late-init") {
    ::setenv("PUPPET_NO_ZYGOTE", "1", 1);
    return run_and_show_failure();
  }
  return 64;
}

} // namespace troupe::test
