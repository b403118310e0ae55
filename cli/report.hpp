// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"
#include "troupe/cli/exit_code.hpp"
#include "troupe/config/spec.hpp"
#include "troupe/control/status.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::cli {

/// How a run ended.
struct run_outcome {
  control::troupe_view view; ///< Its `state` says how.
  exit_code code = exit_code::ok;
  std::optional<failure> cause;
  bool has_chaos = false;
  std::uint64_t lost_messages = 0;     ///< See `count_lost_messages`.
  std::uint64_t finished_messages = 0; ///< See `count_finished_messages`.
};

/// Messages that every attempt failed and that went to no pool: there is no dead letter channel, it
/// had no room, or nobody reads it, so that they end with this process; and those lost inside.
[[nodiscard]] std::uint64_t count_lost_messages(const config::troupe_spec& spec,
                                                const control::troupe_view& view);

/// Messages that are gone, or may be, with a dead command or because a stop did not wait for them.
[[nodiscard]] std::uint64_t count_messages_lost_inside(const control::troupe_view& view);
/// What came out at the end: messages that the last pools have done, those of dead letters apart,
/// or gave into a channel that no pool reads.
[[nodiscard]] std::uint64_t count_finished_messages(const config::troupe_spec& spec,
                                                    const control::troupe_view& view);

/// The table at the end, and a line with the totals.
[[nodiscard]] std::string summary(const run_outcome& outcome);
/// The same for programs: one JSON object in one line.
[[nodiscard]] std::string outcome_json(const run_outcome& outcome);

/// What `troupe status` shows: a line for each slot.
[[nodiscard]] std::string status_table(const control::troupe_view& view);

} // namespace troupe::cli
