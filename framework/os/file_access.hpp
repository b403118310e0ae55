// Part of Troupe; see LICENSE.

#pragma once

#include <string>

namespace troupe::os {

/// @{ Whether this process may do that, by the file's rights and its file system. Follows links.
[[nodiscard]] bool may_read(const std::string& path) noexcept;
[[nodiscard]] bool may_write(const std::string& path) noexcept;
/// For a folder: may enter it.
[[nodiscard]] bool may_execute(const std::string& path) noexcept;
/// @}

} // namespace troupe::os
