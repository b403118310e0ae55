// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/worker_config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// What a command answered to one message.
struct command_answer {
  std::vector<std::string> outputs;
  std::optional<std::string> error;
  bool is_final = false; ///< The error is not worth another attempt.
};

/// What a line of a command is.
struct line_meaning {
  enum class what { nothing, answer, nonsense };
  what kind = what::nothing;
  std::uint64_t id = 0; ///< Of the message that an answer is for.
  std::string why{};    ///< It is nonsense.
};

/// How messages and answers look as lines.
///
/// Lives in: worker. Threads: one owner. Blocks: never. Crash: nothing outside the worker.
/// Errors: message_refused for a message that cannot be a line.
class command_protocol {
public:
  command_protocol() = default;
  command_protocol(const command_protocol&) = delete;
  command_protocol& operator=(const command_protocol&) = delete;
  virtual ~command_protocol() = default;
  /// Makes the line for message number `id`.
  virtual std::string line_of(std::string_view message, std::uint64_t id) = 0;
  /// Reads a line; `oldest` is the oldest message without an answer.
  virtual line_meaning read(std::string_view line, std::uint64_t oldest, command_answer& into) = 0;
  /// Whether answers belong to messages by their place, so that one too many spoils the rest.
  [[nodiscard]] virtual bool is_by_place() const = 0;
};

std::unique_ptr<command_protocol> make_command_protocol(const worker_config& config);

} // namespace troupe::actors
