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

/// The table at the end, and a line with the totals.
[[nodiscard]] std::string summary(const run_outcome& outcome);
/// The same for programs: one JSON object in one line.
[[nodiscard]] std::string outcome_json(const run_outcome& outcome);

/// What `troupe status` shows: a line for each slot.
[[nodiscard]] std::string status_table(const control::troupe_view& view);

} // namespace troupe::cli
