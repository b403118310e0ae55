// Part of Troupe; see LICENSE.

#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <unistd.h>

namespace troupe::test {

/// With this variable set, the test's zygote has a second thread, as that of a program has whose
/// global objects start some; with the value "everywhere" its workers have one, too.
inline constexpr auto threaded_zygote_variable = "TROUPE_TEST_THREADED_ZYGOTE";

/// For main, before anything of Troupe is called.
inline void start_thread_if_asked() {
  const char* const where = std::getenv(threaded_zygote_variable);
  if (where == nullptr) return;
  const bool is_worker = std::getenv("TROUPE_WORKER_FD") != nullptr;
  const bool is_wanted = is_worker ? std::string_view{where} == "everywhere"
                                   : std::getenv("TROUPE_ZYGOTE_FD") != nullptr;
  if (!is_wanted) return; // The test itself.
  std::thread{[] {
    for (;;) ::pause(); // It blocks no signal: whatever is sent to the process, it takes.
  }}.detach();
}

/// Sets the variable while it lives.
class threaded_zygote {
public:
  explicit threaded_zygote(const char* value = "1") {
    if (const char* before = std::getenv(threaded_zygote_variable)) before_ = before;
    ::setenv(threaded_zygote_variable, value, 1);
  }
  ~threaded_zygote() {
    if (before_.empty()) {
      ::unsetenv(threaded_zygote_variable);
    } else {
      ::setenv(threaded_zygote_variable, before_.c_str(), 1);
    }
  }
  threaded_zygote(const threaded_zygote&) = delete;
  threaded_zygote& operator=(const threaded_zygote&) = delete;

private:
  std::string before_;
};

} // namespace troupe::test
