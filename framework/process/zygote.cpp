// Part of Troupe; see LICENSE.

#include "troupe/process/zygote.hpp"

#include "troupe/os/this_process.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/executed_child.hpp"
#include "troupe/process/detail/zygote_loop.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
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
  int parent_pid; ///< Who asks for it.
};

// What a role variable says, "DESCRIPTOR:PARENT"; it is gone afterwards: a program started by a
// worker must not take the role. Nothing when it is not there, or not meant for this process.
std::optional<asked_role> take_role_variable(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  asked_role out{os::fd::none, 0};
  const char* const last = text + std::strlen(text);
  const auto number = std::from_chars(text, last, out.descriptor);
  bool is_right = number.ec == std::errc{} && number.ptr != last && *number.ptr == ':';
  if (is_right) {
    const auto pid = std::from_chars(number.ptr + 1, last, out.parent_pid);
    is_right = pid.ec == std::errc{} && pid.ptr == last;
  }
  ::unsetenv(name);
  if (!is_right || out.descriptor < 3 || out.parent_pid <= 0) return std::nullopt;
  return out;
}

// A program that was executed again for a role and cannot take it must end here: if it went on into
// main, it would make pools, and so execute itself again, without end.
[[noreturn]] void refuse_role(const char* why) {
  std::fprintf(stderr, "troupe: this process was started to serve another one, but %s\n", why);
  ::_exit(EXIT_FAILURE);
}

// The socket of who asks for the role. Empty when the role is meant for another process.
os::unix_socket socket_for(const asked_role& role, bool is_worker) {
  os::unix_socket socket{os::fd{role.descriptor}};
  // Inherited by accident; or the other one is gone already.
  if (role.parent_pid != os::this_process::parent_pid()) {
    if (socket.peer_pid() == role.parent_pid) {
      // Ours: no second main. A worker goes with its zygote, as a forked one does.
      if (is_worker) std::raise(SIGKILL);
      ::_exit(EXIT_SUCCESS);
    }
    static_cast<void>(socket.release());
    return {};
  }
  if (os::this_process::is_privileged_by_file()) {
    refuse_role("a program that is privileged by its file (setuid) does not believe its "
                "environment; start it without that privilege");
  }
  if (socket.peer_pid() != role.parent_pid) {
    refuse_role("the socket of that one is not there (are descriptors closed before "
                "troupe::init?)");
  }
  return socket;
}

[[noreturn]] void take_role(const asked_role& role, os::unix_socket socket, bool is_worker) {
  try {
    if (is_worker) detail::become_executed_child(std::move(socket), role.parent_pid);
    detail::zygote_loop loop{std::move(socket), role.parent_pid};
    loop.run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "troupe: the %s failed: %s\n", is_worker ? "worker" : "zygote",
                 problem.what());
  }
  ::_exit(EXIT_FAILURE);
}

} // namespace

void become_zygote_if_asked(int, char**) {
  was_called = true;
  for (const auto* const name : {detail::worker_role_variable, detail::zygote_role_variable}) {
    const auto role = take_role_variable(name);
    if (!role) continue;
    const bool is_worker = name == detail::worker_role_variable;
    auto socket = socket_for(*role, is_worker);
    if (socket) take_role(*role, std::move(socket), is_worker);
  }
}

bool is_host_initialised() noexcept {
  return was_called;
}

} // namespace troupe
