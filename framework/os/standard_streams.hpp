// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/expected.hpp"
#include "troupe/os/event_fd.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// What a command does with descriptors 0, 1 and 2. A library leaves them alone.
namespace troupe::os {

/// Opens each of 0, 1, 2 that is closed, so that no later file gets their numbers. Using one of
/// them stays the error that it was: nothing written there is lost in silence.
void occupy_closed_standard_streams() noexcept;

[[nodiscard]] bool is_terminal(int descriptor) noexcept;

/// Width of the terminal, or 0 when it is not known.
[[nodiscard]] unsigned terminal_columns(int descriptor) noexcept;

/// Writes all of `bytes`, waiting for room, also when the descriptor does not block by itself.
/// SIGPIPE is the caller's concern.
expected<void> write_all(int descriptor, std::string_view bytes);

/// Waits until the descriptor has something to read, or room; also an end or an error is something.
/// False: `interruption` was rung instead. It may be null. @{
[[nodiscard]] bool wait_to_read(int descriptor, const event_fd* interruption);
[[nodiscard]] bool wait_to_write(int descriptor, const event_fd* interruption);
/// @}

/// Why stdout could not be written to, with what helps: "cannot write to stdout: No space left on
/// device; free some space and run again".
[[nodiscard]] std::string stdout_failure(int problem);

/// Reads what is there, 0 at the end; `would_block` when there is nothing after all.
[[nodiscard]] expected<std::size_t> read_from(int descriptor, std::span<std::byte> into);
/// Writes a part of `bytes`: after `wait_to_write` no more than is taken without waiting, also when
/// the descriptor blocks. `would_block` when another was faster; `end_of_stream` when nobody reads.
[[nodiscard]] expected<std::size_t> write_part(int descriptor, std::string_view bytes);

/// Writes the beginning of `bytes`, as far as that needs no waiting, also when the descriptor would
/// wait: at most what the kernel takes as one piece, and whole lines if one ends there. Returns how
/// much that was; `would_block`: nothing now. Only when another process fills the same pipe in this
/// very moment it may wait all the same. SIGPIPE is the caller's concern.
expected<std::size_t> write_what_fits(int descriptor, std::string_view bytes);

/// As `write_what_fits`, but waits for room; `timed_out` when there was none within `limit`.
expected<std::size_t> write_within(int descriptor, std::string_view bytes, deadline limit);

} // namespace troupe::os
