// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

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

} // namespace troupe::os
