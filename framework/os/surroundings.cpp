// Part of Troupe; see LICENSE.

#include "troupe/os/surroundings.hpp"

#include "troupe/base/guarded.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <ios>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::os {

namespace {

// umask() itself can only be read by changing it, which other threads would feel.
std::optional<unsigned> file_mode_mask_now() {
  constexpr std::string_view name = "Umask:";
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) {
      return static_cast<unsigned>(std::strtoul(line.c_str() + name.size(), nullptr, 8));
    }
  }
  return std::nullopt;
}

bool is_out_of_resources(int problem) noexcept {
  return problem == EMFILE || problem == ENFILE || problem == ENOMEM;
}

} // namespace

bool surroundings::are_same(const surroundings& other) const noexcept {
  return environment_hash_ == other.environment_hash_ &&
         environment_bytes_ == other.environment_bytes_ && mask_ == other.mask_ &&
         device_ == other.device_ && number_ == other.number_ &&
         static_cast<bool>(directory_) == static_cast<bool>(other.directory_) &&
         std::memcmp(memory_.data(), other.memory_.data(), environment_bytes_) == 0;
}

std::shared_ptr<const surroundings> surroundings::now() {
  static guarded<std::weak_ptr<const surroundings>> latest;
  const std::shared_ptr<surroundings> fresh{new surroundings};
  const auto text = environment_text(own_variables);
  fresh->memory_ = shared_memory::create(
      "troupe-environment", std::max<std::size_t>(1, text.size()), write_access::creator);
  std::memcpy(fresh->memory_.data(), text.data(), text.size());
  fresh->environment_bytes_ = text.size();
  fresh->environment_hash_ = hash_of_environment(text);
  fresh->mask_ = file_mode_mask_now();
  fresh->directory_.reset(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!fresh->directory_) {
    if (is_out_of_resources(errno)) {
      throw std::system_error{errno, std::generic_category(), "cannot keep the working directory"};
    }
  } else if (::fstat(fresh->directory_.get(), &status) == 0) {
    fresh->device_ = status.st_dev;
    fresh->number_ = status.st_ino;
  }
  return latest.with([&](auto& known) {
    auto before = known.lock();
    if (before && before->are_same(*fresh)) return before;
    known = fresh;
    return std::shared_ptr<const surroundings>{fresh};
  });
}

std::string environment_text(std::span<const std::string_view> omitted) {
  std::string out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto is_it = [&](std::string_view name) {
      return text.starts_with(name) && text.substr(name.size()).starts_with('=');
    };
    if (std::any_of(omitted.begin(), omitted.end(), is_it)) continue;
    out += text;
    out += '\0';
  }
  return out;
}

std::uint64_t hash_of_environment(std::string_view text) noexcept {
  std::uint64_t out = 0xcbf29ce484222325; // FNV-1a
  for (const char letter : text) out = (out ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return out;
}

int take_environment(const fd& text, std::size_t size_bytes) noexcept {
  // Kept: the environment points into it.
  auto* const copy = static_cast<char*>(std::malloc(size_bytes + 1));
  if (copy == nullptr) return ENOMEM;
  std::size_t at = 0;
  while (at < size_bytes) {
    const auto count = ::pread(text.get(), copy + at, size_bytes - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : EIO;
    at += static_cast<std::size_t>(count);
  }
  copy[size_bytes] = '\0';
  if (::clearenv() != 0) return ENOMEM;
  for (char* entry = copy; entry < copy + size_bytes; entry += std::strlen(entry) + 1) {
    // An entry without a name or "=" is none; putenv would remove the variable.
    if (std::strchr(entry, '=') != nullptr && ::putenv(entry) != 0) return ENOMEM;
  }
  return 0;
}

int enter_directory(const fd& directory) noexcept {
  return ::fchdir(directory.get()) == 0 ? 0 : errno;
}

void take_file_mode_mask(unsigned mask) noexcept {
  ::umask(static_cast<mode_t>(mask));
}

} // namespace troupe::os
