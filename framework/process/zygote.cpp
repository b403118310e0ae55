// Part of Troupe; see LICENSE.

#include "troupe/process/zygote.hpp"

#include "troupe/os/this_process.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/zygote_loop.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>

#include <unistd.h>

namespace troupe {

namespace {

constinit std::atomic<bool> was_called = false;

// The descriptor named by the role variable, which is gone afterwards: a program started by a
// worker must not take the role. A setuid program does not believe its environment.
std::optional<int> take_role_variable() {
  const char* text = std::getenv(detail::zygote_role_variable);
  if (text == nullptr) return std::nullopt;
  int number = os::fd::none;
  const auto [end, problem] = std::from_chars(text, text + std::strlen(text), number);
  const bool is_number = problem == std::errc{} && *end == '\0';
  ::unsetenv(detail::zygote_role_variable);
  if (!is_number || number < 3 || os::this_process::is_privileged_by_file()) return std::nullopt;
  return number;
}

} // namespace

void become_zygote_if_asked(int, char**) {
  was_called = true;
  const auto number = take_role_variable();
  if (!number) return;
  os::unix_socket host{os::fd{*number}};
  const int host_pid = host.peer_pid();
  if (host_pid == 0) {
    // Not our socket: somebody else's variable, and perhaps somebody else's descriptor.
    static_cast<void>(host.release());
    return;
  }
  // Ours, but the host is gone already: nothing to do, and main must not run a second time.
  if (host_pid != os::this_process::parent_pid()) ::_exit(EXIT_SUCCESS);
  try {
    detail::zygote_loop loop{std::move(host), host_pid};
    loop.run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "troupe: the zygote failed: %s\n", problem.what());
  }
  ::_exit(EXIT_FAILURE);
}

bool is_host_initialised() noexcept {
  return was_called;
}

} // namespace troupe
