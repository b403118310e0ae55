// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <cstddef>
#include <span>

namespace troupe::os {

/// Both ends of a kernel pipe, close-on-exec.
struct pipe_ends {
  fd reader;
  fd writer;
};

/// Which ends of a pipe return `errc::would_block` instead of waiting.
enum class pipe_blocking { both_block, reader_does_not_block, none_blocks };

/// Makes a pipe; throws std::system_error when the process is out of descriptors.
pipe_ends make_pipe(pipe_blocking blocking = pipe_blocking::both_block);

/// A reading end of the pipe that `writer` writes to, which does not block; for looking at what
/// nobody has read. Fails where /proc is not mounted.
expected<fd> open_reader(const fd& writer);

/// Reads what is there, at most `into.size()` bytes; `end_of_stream` when every writer is gone,
/// `would_block` when nothing is there. Works on pipes, sockets and files.
expected<std::size_t> read_some(const fd& from, std::span<std::byte> into);

/// Writes as much as fits; `end_of_stream` when nobody reads, `would_block` when it is full.
/// SIGPIPE is the caller's concern.
expected<std::size_t> write_some(const fd& to, std::span<const std::byte> bytes);

} // namespace troupe::os
