// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/shared_memory.hpp"

#include <memory>

namespace troupe {

/// The libraries, other than the program itself, whose functions this host has sent: workers that
/// have this list can run them, also if they were started before the library was loaded here. It
/// grows by itself; what is in it stays.
///
/// Lives in: host; workers map its memory read-only. Threads: any. Blocks: never.
/// Crash (of a worker): it cannot write here. Errors: making it throws std::system_error when the
/// host is out of memory or descriptors; `address_of_code` throws when it is full.
class library_list {
public:
  /// The list of this process; made by the first who asks, gone with the last who holds it.
  static std::shared_ptr<const library_list> shared();

  virtual ~library_list() = default;
  /// To be passed to workers, which call `use_library_list` with it.
  [[nodiscard]] virtual const os::fd& descriptor() const noexcept = 0;
};

inline constexpr std::size_t library_list_bytes = std::size_t{1} << 20;

/// In a worker: libraries of this list are loaded when a function of them is called.
void use_library_list(os::shared_memory list);

/// In a worker that has loaded a library by itself: lets the stack of a later crash name its
/// functions.
void note_loaded_libraries();

} // namespace troupe
