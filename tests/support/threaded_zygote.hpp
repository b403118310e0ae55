// Part of Troupe; see LICENSE.

#pragma once

#include <cstdlib>
#include <thread>

#include <unistd.h>

namespace troupe::test {

/// With this variable set, the test's zygote has a second thread, as that of a program has whose
/// global objects start some.
inline constexpr auto threaded_zygote_variable = "TROUPE_TEST_THREADED_ZYGOTE";

/// For main, before anything of Troupe is called.
inline void start_thread_if_asked() {
  if (std::getenv(threaded_zygote_variable) == nullptr) return;
  if (std::getenv("TROUPE_ZYGOTE_FD") == nullptr) return; // The test itself.
  std::thread{[] {
    for (;;) ::pause(); // It blocks no signal: whatever is sent to the process, it takes.
  }}.detach();
}

/// Sets the variable while it lives.
class threaded_zygote {
public:
  threaded_zygote() : was_set_{std::getenv(threaded_zygote_variable) != nullptr} {
    ::setenv(threaded_zygote_variable, "1", 1);
  }
  ~threaded_zygote() {
    if (!was_set_) ::unsetenv(threaded_zygote_variable);
  }
  threaded_zygote(const threaded_zygote&) = delete;
  threaded_zygote& operator=(const threaded_zygote&) = delete;

private:
  bool was_set_;
};

} // namespace troupe::test
