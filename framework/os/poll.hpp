// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"

#include <cstddef>
#include <memory>

namespace troupe::os {

/// A small set of descriptors to wait for, for a process without a reactor.
///
/// Lives in: any process. Threads: one owner. Blocks: `wait`. Crash: nothing shared. Errors: none;
/// a wait that is interrupted or fails returns early with nothing ready.
class poll_set {
public:
  poll_set();
  ~poll_set();
  poll_set(const poll_set&) = delete;
  poll_set& operator=(const poll_set&) = delete;

  void clear() noexcept;
  /// Adds a descriptor and returns its place.
  std::size_t add(int descriptor, bool waits_for_room = false);
  /// The same, but only its room to write ends the wait, not what can be read from it.
  std::size_t add_for_room(int descriptor);
  void wait(deadline limit);
  /// Something to read, a hang-up or an error.
  [[nodiscard]] bool is_readable(std::size_t place) const noexcept;
  [[nodiscard]] bool is_writable(std::size_t place) const noexcept;

private:
  struct entries;
  std::unique_ptr<entries> entries_; // Keeps <poll.h> out of the header.
};

} // namespace troupe::os
