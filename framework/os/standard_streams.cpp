// Part of Troupe; see LICENSE.

#include "troupe/os/standard_streams.hpp"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace troupe::os {

void occupy_closed_standard_streams() noexcept {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The wrong direction on purpose: its users get EBADF, as from a closed one. The lower numbers
    // are taken, so this one is what open finds.
    const int opened = ::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened >= 0 && opened != number) ::close(opened);
  }
}

bool is_terminal(int descriptor) noexcept {
  return ::isatty(descriptor) == 1;
}

unsigned terminal_columns(int descriptor) noexcept {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

expected<void> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd waits{.fd = descriptor, .events = POLLOUT, .revents = 0};
      static_cast<void>(::poll(&waits, 1, -1));
    } else if (errno != EINTR) {
      return system_failure("cannot write", errno);
    }
  }
  return {};
}

} // namespace troupe::os
