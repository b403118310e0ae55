// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::test {

/// Makes descriptor 1 or 2 of this process the writing end of a pipe while it lives. What it says
/// is what the program's user would read, or not.
class redirected {
public:
  explicit redirected(int number, int pipe_bytes = 0) : number_{number} {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
    if (pipe_bytes > 0 && ::fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes) < 0) {
      throw std::runtime_error{"F_SETPIPE_SZ"};
    }
    reader_ = ends[0];
    saved_ = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
    ::dup2(ends[1], number);
    ::close(ends[1]);
  }
  ~redirected() {
    restore();
    close_reader();
  }
  redirected(const redirected&) = delete;
  redirected& operator=(const redirected&) = delete;

  void make_non_blocking() { ::fcntl(number_, F_SETFL, ::fcntl(number_, F_GETFL) | O_NONBLOCK); }
  /// Gives the descriptor back; the reader then sees the end.
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, number_);
    ::close(saved_);
    saved_ = -1;
  }
  void close_reader() {
    if (reader_ >= 0) ::close(reader_);
    reader_ = -1;
  }
  /// Waits for something and returns it; empty at the end.
  std::string read_some() const {
    std::string out(64 * 1024, '\0');
    const auto count = ::read(reader_, out.data(), out.size());
    out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return out;
  }
  /// Everything until the end, which is there after `restore`.
  std::string read_all() const {
    std::string out;
    for (auto some = read_some(); !some.empty(); some = read_some()) out += some;
    return out;
  }
  /// Reads until `wanted` has come.
  std::string read_until(const std::string& wanted) const {
    std::string out;
    while (out.find(wanted) == std::string::npos) {
      const auto some = read_some();
      if (some.empty()) break;
      out += some;
    }
    return out;
  }

private:
  int number_;
  int reader_ = -1;
  int saved_ = -1;
};

} // namespace troupe::test
