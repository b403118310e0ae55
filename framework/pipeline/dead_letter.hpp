// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/packed.hpp"
#include "troupe/process/exit_status.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::pipeline {

/// Why an attempt at a message failed.
struct attempt_failure {
  enum class how { error, timeout, worker_lost };
  how kind = how::error;
  bool is_final = false;           ///< No further attempt, whatever `retry:` says.
  std::uint32_t attempts = 1;      ///< That it counts as.
  std::string text;                ///< Of an error or a timeout.
  std::optional<exit_record> exit; ///< Of a worker that died.
};

std::string to_string(const attempt_failure& cause);

/// The JSON object that goes to the dead letter channel: `message` (`message_base64` when it is no
/// UTF-8), `pool`, `attempts`, and `error` or `exit`.
std::string dead_letter_record(std::string_view stage, bytes_view message, std::uint32_t attempts,
                               const attempt_failure& cause);

/// The same for a log: whatever others wrote is cut, and its length told (`message_bytes`, in
/// bytes, of the whole message).
std::string dead_letter_line(std::string_view stage, bytes_view message, std::uint32_t attempts,
                             const attempt_failure& cause);

} // namespace troupe::pipeline
