// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/pipeline/job.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace troupe::pipeline {

/// Messages that were taken from a channel and are not committed yet, as the job that carries them.
///
/// Lives in: host. Threads: a value. Blocks: never. Crash: nothing outside the host. Errors: none.
struct work {
  std::vector<std::byte> job; ///< An encoded `batch` job; it is posted as it is.
  packed_size size;
  std::uint64_t first = 0;    ///< Sequence number of the first message in its stage.
  std::uint32_t attempts = 0; ///< Failed ones, of each message in it.
  time_point not_before{};    ///< Pause before the next attempt.
  std::string cursor;         ///< Where a message goes on that gave some of its outputs.

  [[nodiscard]] bool is_single() const noexcept { return size.count == 1; }
  /// The packed messages.
  [[nodiscard]] bytes_view messages() const { return bytes_view{job}.subspan(batch_header_bytes); }
  /// The message of a single one.
  [[nodiscard]] bytes_view message() const;
};

/// Makes the work of the messages `from` .. `to - 1` of `whole`, with the same attempts.
work slice(const work& whole, std::size_t from, std::size_t to);

/// Appends each message of `whole` as work of its own.
void split(const work& whole, std::deque<work>& into);

} // namespace troupe::pipeline
