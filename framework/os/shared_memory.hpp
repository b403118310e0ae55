// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"
#include "troupe/os/fork_guard.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace troupe::os {

/// Who may write a shared region.
enum class write_access {
  everybody, ///< Every process that has the descriptor.
  creator,   ///< Only mappings made before `seal`: later ones are read-only (F_SEAL_FUTURE_WRITE).
};

/// A mapping of anonymous memory that can be passed to other processes by its descriptor. Its size
/// is sealed, so no holder can shrink it under another (SIGBUS).
///
/// Lives in: any process. Threads: one owner; the bytes are shared. Blocks: never.
/// Crash: the memory lives as long as anybody maps it or holds a descriptor; nothing is named.
/// Errors: `create` throws std::system_error when the machine is out of memory or descriptors, or
/// when the region is larger than files may be (RLIMIT_FSIZE).
class shared_memory {
public:
  shared_memory() noexcept = default;
  shared_memory(shared_memory&& other) noexcept;
  shared_memory& operator=(shared_memory&& other) noexcept;
  ~shared_memory();

  /// Makes a zero-filled region of `size_bytes` (rounded up to pages), mapped read-write here.
  static shared_memory create(const char* name, std::size_t size_bytes, write_access access);

  /// Maps a region received as a descriptor, with the size the descriptor has; checks that it is
  /// at least `size_bytes_min` and sealed against shrinking.
  static expected<shared_memory> map(const fd& descriptor, std::size_t size_bytes_min,
                                     bool is_writable);

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_, size_bytes_}; }
  explicit operator bool() const noexcept { return data_ != nullptr; }

  /// The descriptor to pass on; empty after `close_descriptor` or when mapped from another's.
  [[nodiscard]] const fd& descriptor() const noexcept { return fd_; }
  /// Closes the descriptor; the mapping stays.
  void close_descriptor() noexcept { fd_.reset(); }
  /// Children forked later do not get this mapping, so that they cannot write to what is not
  /// theirs.
  void exclude_from_fork() noexcept;
  /// Asks for huge pages; a wish.
  void prefer_huge_pages() const noexcept;

private:
  void unmap() noexcept;

  fd fd_;
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  std::optional<fork_guard> excluded_by_; ///< Set when forked copies do not have the mapping.
};

} // namespace troupe::os
