// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::detail {

/// One loaded module: the program (index 0) or a library.
struct loaded_module {
  std::uintptr_t base = 0;    ///< Added to the offsets in its file.
  std::uintptr_t end = 0;     ///< Behind its last segment.
  std::uint16_t id = 0;       ///< As in `code_address`; 0 is the program.
  std::uint64_t identity = 0; ///< 64-bit hash of its build id (or of what stands in for it).
  std::string path;           ///< Empty for the program.
};

/// The number that a `code_address` is: module in the upper 16 bits, offset in the lower 48.
constexpr std::uint64_t pack(std::uint16_t module_id, std::uint64_t offset) noexcept {
  return (std::uint64_t{module_id} << 48) | offset;
}

/// Every module that is loaded now, the program first.
std::vector<loaded_module> loaded_modules();

/// True when `address` lies in an executable segment of a loaded module.
bool is_executable(std::uintptr_t address);

/// Path of the library that `module_id` names, or empty (the program, unknown).
std::string path_of_module(std::uint16_t module_id);

/// Loads a library so that functions in it can be resolved; false when it cannot.
bool load_module(const std::string& path);

} // namespace troupe::detail
