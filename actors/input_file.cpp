// Part of Troupe; see LICENSE.

#include "troupe/actors/input_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace troupe::actors {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw std::system_error{errno, std::generic_category(), "cannot " + what + ' ' + path};
}

} // namespace

void close_file::operator()(std::FILE* file) const noexcept {
  static_cast<void>(std::fclose(file));
}

input_file::input_file(std::string path, std::uint64_t offset) : path_{std::move(path)} {
  if (path_.find('\0') != std::string::npos) {
    errno = EINVAL;
    fail("open a path with a zero byte:", path_);
  }
  file_.reset(std::fopen(path_.c_str(), "rbe"));
  if (!file_) fail("open", path_);
  std::setvbuf(file_.get(), nullptr, _IONBF, 0); // Callers read large blocks.
  if (offset == 0) return;
  if (std::fseek(file_.get(), static_cast<long>(offset), SEEK_SET) != 0)
    fail("go on reading", path_);
}

std::size_t input_file::read(std::span<std::byte> into) {
  const auto size = std::fread(into.data(), 1, into.size(), file_.get());
  if (size == 0 && std::ferror(file_.get()) != 0) fail("read", path_);
  return size;
}

} // namespace troupe::actors
