// Part of Troupe; see LICENSE.

#include "troupe/actors/input_file.hpp"

#include "troupe/base/text.hpp"
#include "troupe/os/file_access.hpp"
#include "troupe/os/pipe.hpp"

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace troupe::actors {
namespace {

constexpr std::size_t shown_path_bytes_max = 512;

[[noreturn]] void fail(const std::string& what, const std::string& path, int error) {
  throw std::system_error{error, std::generic_category(),
                          "cannot " + what + ' ' + text::printable(path, shown_path_bytes_max)};
}

} // namespace

void close_file::operator()(std::FILE* file) const noexcept {
  static_cast<void>(std::fclose(file));
}

input_file::input_file(std::string path, std::uint64_t offset, readable kinds)
    : path_{std::move(path)} {
  if (path_.find('\0') != std::string::npos) fail("open a path with a zero byte:", path_, EINVAL);
  const bool is_regular = kinds == readable::regular_files;
  auto file = is_regular ? os::open_regular(path_, offset) : os::open_to_read(path_, offset);
  if (!file) {
    const auto& problem = file.error();
    if (problem.os_error == 0) {
      throw std::runtime_error{"cannot read " + text::printable(path_, shown_path_bytes_max) +
                               ": " + problem.message};
    }
    fail(offset == 0 ? "open" : "go on reading", path_, problem.os_error);
  }
  file_ = *std::move(file);
  std::error_code ignored; // Then it is read as a file.
  may_wait_ = !is_regular && !std::filesystem::is_regular_file(path_, ignored);
}

std::optional<std::size_t> input_file::read(std::span<std::byte> into) {
  const auto size = os::read_some(file_, into);
  if (size) return *size;
  if (size.error().code != errc::end_of_stream) fail("read", path_, size.error().os_error);
  return 0;
}

} // namespace troupe::actors
