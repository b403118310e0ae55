// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// What a worker type does in a pipeline; it follows from its input, its output and its state.
enum class worker_role : std::uint8_t {
  source,      ///< No input; its state is a cursor.
  transform,   ///< Input to outputs, message by message, no state.
  aggregation, ///< Input to a table, and outputs from it.
  sink,        ///< Input and no output; its state is how far it has written.
};

constexpr std::string_view to_string(worker_role role) noexcept {
  switch (role) {
  case worker_role::source:
    return "source";
  case worker_role::transform:
    return "transform";
  case worker_role::aggregation:
    return "aggregation";
  case worker_role::sink:
    return "sink";
  }
  return "?";
}

} // namespace troupe
