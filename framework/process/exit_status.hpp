// Part of Troupe; see LICENSE.

#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// How a process ended: a code or a signal, never both in one int (code 143 is not signal 15).
///
/// Lives in: any process. Threads: a value. Blocks: never. Crash: nothing shared. Errors: none.
class exit_status {
public:
  constexpr exit_status() noexcept = default;
  static constexpr exit_status exited_with(int code) noexcept { return {how::code, code, false}; }
  static constexpr exit_status killed_by(int signal, bool has_core = false) noexcept {
    return {how::signal, signal, has_core};
  }
  /// The process is gone, but nobody could read how (its zygote died with it).
  static constexpr exit_status unknown() noexcept { return {}; }

  [[nodiscard]] constexpr bool is_unknown() const noexcept { return how_ == how::unknown; }
  [[nodiscard]] constexpr bool is_success() const noexcept {
    return how_ == how::code && value_ == 0;
  }
  [[nodiscard]] constexpr std::optional<int> code() const noexcept {
    return how_ == how::code ? std::optional{value_} : std::nullopt;
  }
  [[nodiscard]] constexpr std::optional<int> signal() const noexcept {
    return how_ == how::signal ? std::optional{value_} : std::nullopt;
  }
  [[nodiscard]] constexpr bool has_core() const noexcept { return has_core_; }

  friend constexpr bool operator==(exit_status, exit_status) = default;

private:
  enum class how : std::uint8_t { unknown, code, signal };
  constexpr exit_status(how kind, int value, bool has_core) noexcept
      : how_{kind}, has_core_{has_core}, value_{value} {}

  how how_ = how::unknown;
  bool has_core_ = false;
  int value_ = 0;
};

/// Reads what wait(2) says.
exit_status from_wait_status(int wait_status) noexcept;

/// "exit code 3", "signal SEGV (core dumped)", "unknown exit".
std::string to_string(exit_status status);

/// Whether it ended by a signal that a program does not send itself by mistake: KILL, TERM, INT,
/// HUP or QUIT.
[[nodiscard]] bool is_killed_from_outside(exit_status status) noexcept;

/// "TERM" for SIGTERM, "RTMIN+1", or "31" when the number has no name.
std::string signal_name(int signal);
/// Reads `TERM`, `SIGTERM`, `term` or `15`.
std::optional<int> signal_from_name(std::string_view text);

/// What a process used, from the kernel's rusage.
struct resource_usage {
  std::chrono::microseconds user_time{};
  std::chrono::microseconds system_time{};
  std::int64_t rss_max_kib = 0;
};

/// Everything known about a process that has ended; made once, by the launcher.
struct exit_record {
  exit_status status;
  int pid = 0;
  std::string name; ///< Of the worker: "pool/slot".
  resource_usage usage;
  std::vector<std::string> stack;       ///< Symbolised frames, innermost first; only of a crash.
  std::vector<std::string> stderr_tail; ///< Last lines it wrote to stderr, oldest first.
  bool went_with_zygote = false;        ///< The zygote died, and it of nothing else.
};

/// One line: "worker parse/2 (pid 4711) died of signal SEGV in parse_line (parser.cpp:12)".
std::string to_string(const exit_record& record);

} // namespace troupe
