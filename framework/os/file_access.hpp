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

} // namespace troupe::os
