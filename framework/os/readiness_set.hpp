// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/expected.hpp"
#include "troupe/os/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe::os {

/// One descriptor that can be read or written.
struct ready_event {
  std::uint64_t tag = 0;
  bool is_readable = false; ///< Something to read, a hang-up or an error.
  bool is_writable = false; ///< Room to write, when that was asked for; a hang-up or an error.
};

/// Descriptors to wait for, again and again while they are ready, for a process without a reactor.
/// A wait costs what is ready, however many are watched.
///
/// Lives in: any process; a forked child must close it unused. Threads: one owner. Blocks: `wait`.
/// Crash: nothing shared. Errors: making it throws std::system_error; a wait that the kernel
/// refuses takes a moment and tells nothing.
class readiness_set {
public:
  static constexpr std::size_t events_max = 128; ///< Told by one `wait`.

  readiness_set();

  /// Watches `descriptor` for reading; `tag` comes back in its events. Fails when the kernel
  /// watches no more.
  [[nodiscard]] expected<void> add(int descriptor, std::uint64_t tag);
  [[nodiscard]] expected<void> add(const fd& descriptor, std::uint64_t tag) {
    return add(descriptor.get(), tag);
  }
  /// What a watched descriptor is watched for from now on; a hang-up is told all the same. When the
  /// kernel refuses, as before.
  [[nodiscard]] expected<void> change(int descriptor, std::uint64_t tag, bool reads, bool writes);
  /// Before `descriptor` is closed: somebody else may hold the same file open. No error if it is
  /// not watched.
  void remove(int descriptor) noexcept;
  void remove(const fd& descriptor) noexcept { remove(descriptor.get()); }

  /// Waits until something is ready or `limit`. The events are valid until the next call.
  std::span<const ready_event> wait(deadline limit);

private:
  fd epoll_;
  std::vector<ready_event> events_;
};

} // namespace troupe::os
