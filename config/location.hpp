// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>

namespace troupe::config {

/// Where something stands in a configuration file. Both numbers start at 1 and columns count
/// characters, as editors do; line 0 means "nowhere in the file".
struct location {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1; ///< Characters to underline; stays inside the line.

  friend bool operator==(const location&, const location&) = default;
};

} // namespace troupe::config
