// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/location.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

/// The text of a file, by lines; answers what yaml-cpp does not tell about a position.
class source_text {
public:
  explicit source_text(std::string_view text);

  struct bad_byte {
    location at;
    std::string message;
  };
  /// The first byte that no YAML file of ours may have: not UTF-8, or a control character.
  [[nodiscard]] std::optional<bad_byte> first_bad_byte() const;

  [[nodiscard]] std::optional<std::uint32_t> line_longer_than(std::size_t bytes) const;

  /// From yaml-cpp's 0-based line and byte column.
  [[nodiscard]] location location_of(int line, int byte_column) const;

  /// Moves `at` behind `&anchor` and `!tag`, which yaml-cpp counts as part of the value.
  [[nodiscard]] location skip_properties(location at) const;

  /// Characters that the scalar `text` takes on the line where it begins, quotes included.
  [[nodiscard]] std::uint32_t scalar_length(location at, std::string_view text) const;

  /// `null`, `~` or nothing: how the null at `at` is written.
  [[nodiscard]] std::string null_spelling(location at) const;

  /// Where `fragment` stands in the scalar at `at`; `at` itself if it cannot be told.
  [[nodiscard]] location locate(location at, std::string_view fragment) const;

  /// The line at or just before `line` (from 1) that is indented with a tab.
  [[nodiscard]] std::optional<std::uint32_t> tab_indent_near(std::uint32_t line) const;

  struct reference {
    location at;
    std::string text;
  };
  /// The `${X}` that stands without quotes inside `{ }` or `[ ]` on `line`, or nothing.
  /// `is_in_flow`: such a bracket is open when the line begins.
  [[nodiscard]] std::optional<reference> unquoted_reference(std::uint32_t line,
                                                            bool is_in_flow) const;

  /// Whether the quote that opens at `at` is closed somewhere; true when there is no quote.
  [[nodiscard]] bool is_closed(location at) const;

  [[nodiscard]] std::uint32_t line_count() const noexcept;

private:
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  [[nodiscard]] std::string_view rest_at(location at) const;

  std::string_view text_;
  std::vector<std::string_view> lines_; // Without their ends.
};

} // namespace troupe::config::detail
