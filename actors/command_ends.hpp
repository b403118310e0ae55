// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <optional>

namespace troupe::actors {

/// What it means that the commands of one worker end, one after another: an attempt of the messages
/// they were given, or nothing yet, or that none of them will ever begin.
///
/// What a command has not read it did not die of. One that ends before it can do anything (a
/// missing script, a wrong option) would only use up the attempts of message after message.
///
/// Lives in: worker. Threads: one owner. Blocks: never; it has no clock and no process.
/// Crash: forgotten with the worker, whose next one counts anew. Errors: none.
class command_ends {
public:
  /// After so many commands in a row that could not even begin there is no hope;
  static constexpr std::uint32_t failed_starts_max = 3;
  /// after so many, if they ended with 0 or 1 and nobody knows whether they could.
  static constexpr std::uint32_t useless_starts_max = 100;
  /// After so many commands in a row that ended without reading the messages they were given, it
  /// counts as an attempt.
  static constexpr std::uint32_t unread_rounds_max = 3;

  struct end {
    std::optional<int> code;       ///< Absent: a signal.
    bool has_read_nothing = false; ///< Of all that it was ever given.
    bool is_round_unread =
        false; ///< It owes answers, and has read nothing of what it was given last.
  };
  struct meaning {
    bool is_no_attempt = false; ///< Its messages go to the next command as if nothing had been.
    bool is_hopeless = false;
    std::uint32_t useless_starts = 0; ///< In a row, this one included.
  };

  void note_answer() noexcept { has_ever_answered_ = true; }
  /// All of what a command was given last has an answer.
  void note_answered_round() noexcept { unread_rounds_ = 0; }
  meaning note_end(const end& how) noexcept;

private:
  bool has_ever_answered_ = false;
  std::uint32_t useless_starts_ = 0;
  std::uint32_t unread_rounds_ = 0;
};

} // namespace troupe::actors
