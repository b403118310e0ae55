// Part of Troupe; see LICENSE.

#include "troupe/base/descriptor_path.hpp"

#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace troupe {

namespace {

constexpr int symbolic_links_max = 40; // As the kernel follows.

// The name of a descriptor as its files in /dev and /proc write it.
std::optional<int> number_behind(std::string_view path, std::string_view before) {
  if (!path.starts_with(before)) return std::nullopt;
  path.remove_prefix(before.size());
  int number = -1;
  const auto [end, problem] = std::from_chars(path.data(), path.data() + path.size(), number);
  const bool is_number = problem == std::errc{} && end == path.data() + path.size() && number >= 0;
  return is_number ? std::optional{number} : std::nullopt;
}

std::optional<int> descriptor_of_name(const std::string& path) {
  constexpr std::string_view names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  for (int i = 0; i < 3; ++i) {
    if (path == names[i]) return i;
  }
  std::error_code ignored; // Without /proc none of its paths leads anywhere.
  const auto own =
      "/proc/" + std::filesystem::read_symlink("/proc/self", ignored).string() + "/fd/";
  for (const auto before : {std::string_view{"/dev/fd/"}, std::string_view{"/proc/self/fd/"},
                            std::string_view{"/proc/thread-self/fd/"}, std::string_view{own}}) {
    if (const auto number = number_behind(path, before)) return number;
  }
  return std::nullopt;
}

} // namespace

std::optional<int> descriptor_named_by(const std::string& path) {
  namespace fs = std::filesystem;
  auto at = fs::path{path}.lexically_normal();
  for (int links = 0; links < symbolic_links_max; ++links) {
    if (const auto number = descriptor_of_name(at.string())) return number;
    std::error_code problem;
    const auto target = fs::read_symlink(at, problem);
    if (problem) return std::nullopt;
    at = (at.parent_path() / target).lexically_normal();
  }
  return std::nullopt;
}

} // namespace troupe
