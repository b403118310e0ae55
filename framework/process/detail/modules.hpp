// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::detail {

/// One loaded module: the program or a library.
struct loaded_module {
  std::uintptr_t begin = 0;   ///< First byte of its first segment.
  std::uintptr_t base = 0;    ///< Added to the offsets in its file.
  std::uintptr_t end = 0;     ///< Behind its last segment.
  std::uint64_t identity = 0; ///< 64-bit hash of its build id (or of what stands in for it).
  std::string build;          ///< The same for people: "build id 5f0c…".
  std::string path;           ///< As the loader calls it; empty for the program.
  bool is_program = false;
  bool is_permanent = false; ///< There since the start of the program: never unloaded.
};

/// The number that a `code_address` is: module in the upper 16 bits, offset in the lower 48.
inline constexpr int code_offset_bits = 48;
inline constexpr std::uint64_t code_offset_mask = (std::uint64_t{1} << code_offset_bits) - 1;
constexpr std::uint64_t pack(std::uint16_t module_number, std::uint64_t offset) noexcept {
  return (std::uint64_t{module_number} << code_offset_bits) | offset;
}

/// Every module that is loaded now, the program first.
std::vector<loaded_module> loaded_modules();
/// The module that has `address` in an executable segment.
std::optional<loaded_module> module_with_code_at(std::uintptr_t address);
/// The loaded library with this identity.
std::optional<loaded_module> library_with_identity(std::uint64_t identity);

/// How many libraries this process has unloaded: what was known of the place of a library that is
/// not permanent holds as long as this does not change.
std::uint64_t unload_count() noexcept;
/// How many it has loaded, those that came with the program too.
std::uint64_t load_count() noexcept;

/// The symbol that a library exports for the function at `address`, mangled; empty when there is
/// none.
std::string exported_symbol_at(std::uintptr_t address);

/// Loads the library at `path`, keeping its symbols to itself or not. Not unloaded again, ever.
/// Fails with the loader's words.
enum class symbol_scope { local, global };
expected<loaded_module> load_library(const std::string& path, symbol_scope scope);
/// Takes one more reference to a library that is loaded, so that it stays.
void hold_library(const loaded_module& library) noexcept;

} // namespace troupe::detail
