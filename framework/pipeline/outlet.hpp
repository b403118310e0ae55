// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/channel.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace troupe::pipeline {

/// The way from a stage to its output channels, each of which gets every message. What a channel
/// has no room for waits here; the stage hands out no new work while something waits, so the
/// backlog is bounded by what was in flight.
///
/// Lives in: host. Threads: one owner. Blocks: never.
/// Crash: nothing outside the host. Errors: an oversized message goes to the given function.
class outlet {
public:
  /// Gets a message that is larger than `max_message_bytes` of a channel.
  using oversized = std::function<void(bytes_view message, const channel& refused_by)>;

  explicit outlet(std::vector<channel*> channels);

  void give(bytes_view block, packed_size size, const oversized& refuse);
  /// Moves what waits into channels that have room again; true when something moved.
  bool drain();

  [[nodiscard]] bool is_clear() const noexcept;
  /// Messages that a source may be asked for.
  [[nodiscard]] std::size_t room() const noexcept;
  /// Less than this is not worth a job; it grows to more, since the consumers take out everything.
  [[nodiscard]] std::size_t room_min() const noexcept;
  /// The first rejecting channel that has no room for this, or null.
  [[nodiscard]] channel* refusing(packed_size size) const noexcept;
  /// Messages that wait for room.
  [[nodiscard]] std::size_t waiting() const noexcept;
  [[nodiscard]] bool can_refuse() const noexcept { return can_refuse_; }

private:
  struct branch {
    channel* to;
    packed_fifo backlog;
  };

  std::vector<branch> branches_;
  bool can_refuse_ = false;
};

} // namespace troupe::pipeline
