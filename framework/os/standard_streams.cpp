// Part of Troupe; see LICENSE.

#include "troupe/os/standard_streams.hpp"

#include "troupe/os/wait_time.hpp"

#include <cerrno>
#include <climits>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

bool wait_for(int descriptor, short events, const event_fd* interruption) {
  pollfd waits[2] = {{.fd = descriptor, .events = events, .revents = 0},
                     {.fd = -1, .events = POLLIN, .revents = 0}};
  if (interruption != nullptr) waits[1].fd = interruption->descriptor().get();
  while (::poll(waits, 2, -1) < 0) {
    if (errno != EINTR) return true; // No memory: what follows may wait instead.
  }
  return waits[1].revents == 0;
}

// What a pipe with room takes at once. A file never makes its writer wait for a reader.
std::size_t part_size(int descriptor) {
  constexpr std::size_t file_part_bytes = std::size_t{1} << 20;
  struct stat status {};
  const bool is_file = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? file_part_bytes : PIPE_BUF;
}

} // namespace

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

bool wait_to_read(int descriptor, const event_fd* interruption) {
  return wait_for(descriptor, POLLIN, interruption);
}

bool wait_to_write(int descriptor, const event_fd* interruption) {
  return wait_for(descriptor, POLLOUT, interruption);
}

expected<std::size_t> read_from(int descriptor, std::span<std::byte> into) {
  while (true) {
    const auto size = ::read(descriptor, into.data(), into.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EAGAIN) return failure{errc::would_block, {}, EAGAIN};
    if (errno != EINTR) return system_failure("cannot read", errno);
  }
}

expected<std::size_t> write_part(int descriptor, std::string_view bytes) {
  const auto part = bytes.substr(0, part_size(descriptor));
  while (true) {
    const auto size = ::write(descriptor, part.data(), part.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EAGAIN) return failure{errc::would_block, {}, EAGAIN};
    if (errno == EPIPE) return failure{errc::end_of_stream, {}, EPIPE};
    if (errno != EINTR) return system_failure("cannot write", errno);
  }
}

expected<std::size_t> write_what_fits(int descriptor, std::string_view bytes) {
  pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
  const int ready = ::poll(&wanted, 1, 0);
  if (ready == 0) return failure{errc::would_block, "there is no room to write", EAGAIN};
  if (ready < 0 && errno != EINTR) return system_failure("cannot poll", errno);
  // A pipe that is ready has room for that much.
  auto piece = bytes.substr(0, PIPE_BUF);
  const auto end = piece.size() < bytes.size() ? piece.rfind('\n') : std::string_view::npos;
  if (end != std::string_view::npos) piece = piece.substr(0, end + 1);
  const auto written = ::write(descriptor, piece.data(), piece.size());
  if (written >= 0) return static_cast<std::size_t>(written);
  if (errno == EINTR || errno == EAGAIN) {
    return failure{errc::would_block, "there is no room to write", errno};
  }
  return system_failure("cannot write", errno);
}

expected<std::size_t> write_within(int descriptor, std::string_view bytes, deadline limit) {
  for (bool was_ready = false;;) {
    auto written = write_what_fits(descriptor, bytes);
    if (written || written.error().code != errc::would_block) return written;
    if (was_ready) pause_after_failed_wait(); // Ready, and takes nothing.
    if (limit.has_passed()) return failure{errc::timed_out, "nobody reads it", 0};
    pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
    // Failed or interrupted: the next look at it tells.
    const int ready = ::poll(&wanted, 1, milliseconds_until(limit));
    if (ready < 0 && errno != EINTR) pause_after_failed_wait();
    was_ready = ready > 0;
  }
}

std::string stdout_failure(int problem) {
  auto out = "cannot write to stdout: " + std::generic_category().message(problem);
  switch (problem) {
  case ENOSPC:
  case EDQUOT:
    return out + "; free some space and run again";
  case EBADF:
    return out + " (it is closed); give it a file or a pipe, or /dev/null";
  case EPIPE:
    return out + " (its reader has gone)";
  default:
    return out + "; see what it was redirected to";
  }
}

} // namespace troupe::os
