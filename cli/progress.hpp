// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/spec.hpp"
#include "troupe/control/status.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// @{ "950", "12.3k", "4.5M"; "0.4s", "12s", "3m05s", "1h02m".
[[nodiscard]] std::string short_count(double value);
[[nodiscard]] std::string short_time(std::int64_t ms);
/// @}

/// Makes the progress line. Pure: views of the troupe in, text out.
///
/// How much there is to do is known only once everything upstream has ended; until then the line
/// has counts and a rate, but no bar and no time left.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing shared. Errors: none.
class progress {
public:
  explicit progress(const config::troupe_spec& spec);

  void note(control::troupe_view view);

  /// For a terminal of so many columns.
  [[nodiscard]] std::string line(std::size_t columns) const;
  /// For a log.
  [[nodiscard]] std::string plain_line() const;

private:
  struct stage {
    std::string name;
    std::vector<std::string> producers;             ///< Pools that write what it reads.
    std::vector<std::string> dead_letter_producers; ///< Pools whose dead letters it reads.
  };
  struct sample {
    std::int64_t elapsed_ms;
    std::uint64_t done;
  };

  [[nodiscard]] const control::pool_view* find(const std::string& name) const;
  [[nodiscard]] const stage* find_focus() const;
  [[nodiscard]] std::optional<std::uint64_t> total_of(const stage& of) const;
  [[nodiscard]] double rate() const;
  [[nodiscard]] std::string counts(std::string_view separator) const;
  [[nodiscard]] std::string troubles() const;
  [[nodiscard]] std::string bar(std::size_t room) const;

  std::vector<stage> stages_; ///< Consumers after their producers.
  control::troupe_view view_;
  const stage* focus_ = nullptr; ///< The first one that is not done: what the others wait for.
  std::deque<sample> samples_;   ///< Of the focus, the last few seconds.
};

} // namespace troupe::cli
