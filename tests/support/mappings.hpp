// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::test {

/// One line of /proc/self/maps.
struct mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string rights;
  std::string range; ///< As in /proc: the name of the link in map_files.

  [[nodiscard]] std::span<std::byte> bytes() const noexcept {
    return {reinterpret_cast<std::byte*>(begin), end - begin};
  }
};

/// This process's mappings of the memory `name`.
inline std::vector<mapping> mappings_of(const std::string& name) {
  std::vector<mapping> out;
  std::ifstream file{"/proc/self/maps"};
  for (std::string line; std::getline(file, line);) {
    if (line.find("memfd:" + name) == std::string::npos) continue;
    mapping found;
    std::istringstream{line} >> found.range >> found.rights;
    const auto dash = found.range.find('-');
    found.begin = std::stoull(found.range.substr(0, dash), nullptr, 16);
    found.end = std::stoull(found.range.substr(dash + 1), nullptr, 16);
    out.push_back(found);
  }
  return out;
}

} // namespace troupe::test
