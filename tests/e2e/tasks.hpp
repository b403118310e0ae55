// Part of Troupe; see LICENSE.

#pragma once

#include "e2e/world.hpp"

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include <csignal>
#include <unistd.h>

/// Small tasks that many cases use. They run in workers.
namespace troupe::test {

inline int square(int x) {
  return x * x;
}
inline int own_pid() {
  return ::getpid();
}
inline int wait_at_gate(const std::string& gate_name) {
  gate::arrive_and_wait(gate_name);
  return ::getpid();
}
inline int exit_with(int code) {
  std::exit(code);
}
inline int raise_signal(int number) {
  ::raise(number);
  return number;
}
/// Dies while it works, as a crash does: without a chance to answer.
inline int kill_self(int number) {
  ::kill(::getpid(), number);
  for (;;) ::pause();
}
inline int loop_for_ever() {
  const volatile bool is_endless = true;
  while (is_endless) {
  }
  return 0;
}

/// A task that throws for the number that is asked for.
inline int throw_at(int x, int forbidden) {
  if (x == forbidden) throw std::out_of_range{"no " + std::to_string(x)};
  return x;
}
inline std::pair<int, int> divide(int a, int b) {
  if (b == 0) throw std::domain_error{"division by zero"};
  return {a / b, a % b};
}

} // namespace troupe::test
