// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <cstdint>
#include <string>

namespace troupe::os {

/// @{ Whether this process may do that, by the file's rights and its file system. Follows links.
[[nodiscard]] bool may_read(const std::string& path) noexcept;
[[nodiscard]] bool may_write(const std::string& path) noexcept;
/// For a folder: may enter it.
[[nodiscard]] bool may_execute(const std::string& path) noexcept;
/// @}

/// Opens a file for reading at `offset`; what cannot be opened, or has no such place (a pipe), is a
/// failure with the reason.
[[nodiscard]] expected<fd> open_to_read(const std::string& path, std::uint64_t offset = 0);

/// Opens a regular file for reading at `offset`. Anything else (a folder, a pipe, a device, a
/// socket) is a failure that says what it is, and is not even touched: no wait, no side effect. A
/// path may be longer than PATH_MAX.
[[nodiscard]] expected<fd> open_regular(const std::string& path, std::uint64_t offset = 0);

/// What is wrong with a path that has to be a regular file, as `open_regular` says it; empty when
/// it is one. Opens nothing.
[[nodiscard]] std::string problem_of_regular(const std::string& path);

} // namespace troupe::os
