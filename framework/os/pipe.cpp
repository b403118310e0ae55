// Part of Troupe; see LICENSE.

#include "troupe/os/pipe.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::os {

pipe_ends make_pipe(pipe_blocking blocking) {
  int ends[2] = {};
  const int flags = blocking == pipe_blocking::none_blocks ? O_CLOEXEC | O_NONBLOCK : O_CLOEXEC;
  if (::pipe2(ends, flags) != 0) {
    throw std::system_error{errno, std::generic_category(), "cannot make a pipe"};
  }
  pipe_ends out{fd{ends[0]}, fd{ends[1]}};
  if (blocking == pipe_blocking::reader_does_not_block) {
    // The flag belongs to the open file of one end only, so the writer's processes still block.
    ::fcntl(out.reader.get(), F_SETFL, O_NONBLOCK);
  }
  return out;
}

expected<fd> open_reader(const fd& writer) {
  const auto path = "/proc/self/fd/" + std::to_string(writer.get());
  fd reader{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!reader) return system_failure("cannot open the other end of a pipe", errno);
  return reader;
}

expected<std::size_t> read_some(const fd& from, std::span<std::byte> into) {
  for (;;) {
    const auto count = ::read(from.get(), into.data(), into.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return failure{errc::end_of_stream, {}, 0};
    if (errno == EAGAIN) return failure{errc::would_block, {}, EAGAIN};
    if (errno != EINTR) return system_failure("cannot read from a descriptor", errno);
  }
}

expected<std::size_t> write_some(const fd& to, std::span<const std::byte> bytes) {
  for (;;) {
    const auto count = ::write(to.get(), bytes.data(), bytes.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN) return failure{errc::would_block, {}, EAGAIN};
    if (errno == EPIPE) return failure{errc::end_of_stream, {}, EPIPE};
    if (errno != EINTR) return system_failure("cannot write to a descriptor", errno);
  }
}

} // namespace troupe::os
