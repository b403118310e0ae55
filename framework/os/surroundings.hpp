// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/shared_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::os {

/// The environment, working directory and umask that a process had at one moment, kept for its
/// children however much later they are made.
///
/// Lives in: host. Threads: any. Blocks: never. Crash: nothing shared.
/// Errors: `now` throws std::system_error when the machine is out of memory or descriptors.
class surroundings {
public:
  /// Those of this process. As long as they do not change, the same object for all who hold one.
  static std::shared_ptr<const surroundings> now();

  /// Entries as `environment_text` has them.
  [[nodiscard]] const fd& environment() const noexcept { return memory_.descriptor(); }
  [[nodiscard]] std::size_t environment_bytes() const noexcept { return environment_bytes_; }
  [[nodiscard]] std::uint64_t environment_hash() const noexcept { return environment_hash_; }
  /// For `enter`; empty where this process itself may not look at it.
  [[nodiscard]] const fd& directory() const noexcept { return directory_; }
  /// Nothing where there is no /proc.
  [[nodiscard]] std::optional<unsigned> file_mode_mask() const noexcept { return mask_; }

private:
  surroundings() = default;
  [[nodiscard]] bool are_same(const surroundings& other) const noexcept;

  shared_memory memory_;
  std::size_t environment_bytes_ = 0;
  std::uint64_t environment_hash_ = 0;
  fd directory_;
  std::uint64_t device_ = 0; // Of the directory, with its number.
  std::uint64_t number_ = 0;
  std::optional<unsigned> mask_;
};

/// The entries "NAME=value" of this process's environment, each ended by a zero, without the names
/// of `omitted`. Not to be called while another thread changes the environment.
std::string environment_text(std::span<const std::string_view> omitted);
std::uint64_t hash_of_environment(std::string_view text) noexcept;

/// In a child that has one thread. Each returns 0 or errno. @{
int take_environment(const fd& text, std::size_t size_bytes) noexcept;
int enter_directory(const fd& directory) noexcept;
void take_file_mode_mask(unsigned mask) noexcept;
/// @}

/// What we put into the environment of our own processes; never a part of anybody's surroundings.
inline constexpr std::string_view own_variables[] = {"TROUPE_ZYGOTE_FD", "TROUPE_TREE",
                                                     "TROUPE_CHILD"};

} // namespace troupe::os
