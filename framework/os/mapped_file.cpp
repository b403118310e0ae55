// Part of Troupe; see LICENSE.

#include "troupe/os/mapped_file.hpp"

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string_view>

namespace troupe::os {

namespace {

// The kernel writes a line feed in a name as \012.
std::string unescaped(std::string_view text) {
  constexpr std::string_view escape = "\\012";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool is_escape = text.substr(at).starts_with(escape);
    out += is_escape ? '\n' : text[at];
    at += is_escape ? escape.size() : 1;
  }
  return out;
}

} // namespace

std::optional<mapped_file> file_mapped_at(std::uintptr_t address) {
  constexpr std::string_view deleted_mark = " (deleted)";
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &begin, &end) != 2) continue;
    if (address < begin || address >= end) continue;
    const auto slash = line.find('/'); // Nothing before the path has one.
    if (slash == std::string::npos) return std::nullopt;
    std::string_view path{line};
    path.remove_prefix(slash);
    const bool is_deleted = path.ends_with(deleted_mark);
    if (is_deleted) path.remove_suffix(deleted_mark.size());
    return mapped_file{unescaped(path), is_deleted};
  }
  return std::nullopt;
}

} // namespace troupe::os
