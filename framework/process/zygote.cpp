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

struct asked_role {
  int descriptor;
  int host_pid;
};

// What the role variable says, "DESCRIPTOR:HOST"; it is gone afterwards: a program started by a
// worker must not take the role. Nothing when it is not there, or not meant for this process.
std::optional<asked_role> take_role_variable() {
  const char* text = std::getenv(detail::zygote_role_variable);
  if (text == nullptr) return std::nullopt;
  asked_role out{os::fd::none, 0};
  const char* const last = text + std::strlen(text);
  const auto number = std::from_chars(text, last, out.descriptor);
  bool is_right = number.ec == std::errc{} && number.ptr != last && *number.ptr == ':';
  if (is_right) {
    const auto pid = std::from_chars(number.ptr + 1, last, out.host_pid);
    is_right = pid.ec == std::errc{} && pid.ptr == last;
  }
  ::unsetenv(detail::zygote_role_variable);
  if (!is_right || out.descriptor < 3 || out.host_pid <= 0) return std::nullopt;
  return out;
}

// A program that was executed again for a role and cannot take it must end here: if it went on into
// main, it would make pools, and so execute itself again, without end.
[[noreturn]] void refuse_role(const char* why) {
  std::fprintf(stderr, "troupe: this process was started to fork workers, but %s\n", why);
  ::_exit(EXIT_FAILURE);
}

} // namespace

void become_zygote_if_asked(int, char**) {
  was_called = true;
  const auto role = take_role_variable();
  if (!role) return;
  // Meant for another process, and inherited by accident; or the host is gone already.
  if (role->host_pid != os::this_process::parent_pid()) {
    os::unix_socket socket{os::fd{role->descriptor}};
    if (socket.peer_pid() == role->host_pid) ::_exit(EXIT_SUCCESS); // Ours: no second main.
    static_cast<void>(socket.release());
    return;
  }
  if (os::this_process::is_privileged_by_file()) {
    refuse_role("a program that is privileged by its file (setuid) does not believe its "
                "environment; start it without that privilege");
  }
  os::unix_socket host{os::fd{role->descriptor}};
  if (host.peer_pid() != role->host_pid) {
    refuse_role("the socket of its host is not there (are descriptors closed before "
                "troupe::init?)");
  }
  try {
    detail::zygote_loop loop{std::move(host), role->host_pid};
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
