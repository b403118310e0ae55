// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::os {

/// The file behind a place in this process's memory.
struct mapped_file {
  std::string path;        ///< Absolute, links resolved; as the file was called when it was mapped.
  bool is_deleted = false; ///< No longer there, or another file has its name.
};

/// The file mapped at `address`; nothing when there is none or no /proc. Threads: any.
/// Blocks: for the time it takes to read /proc/self/maps.
std::optional<mapped_file> file_mapped_at(std::uintptr_t address);

} // namespace troupe::os
