// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/config/detail/node.hpp"
#include "troupe/config/detail/source_text.hpp"
#include "troupe/config/diagnostics.hpp"
#include "troupe/config/keys.hpp"
#include "troupe/config/variables.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::config::detail {

/// What every reader of one file shares: the text, the variables, the errors found so far.
class context {
public:
  context(std::string file, const std::string& text, config::variables vars);

  void error(problem code, location at, std::string path, std::string message);
  void warning(problem code, location at, std::string path, std::string message);

  [[nodiscard]] bool has_error() const { return has_errors(found_); }
  /// Hands over everything found, sorted.
  [[nodiscard]] std::vector<diagnostic> take();

  [[nodiscard]] config::variables& vars() noexcept { return vars_; }

  /// Whether a pool has a `module`: then there are message types that only the module knows.
  [[nodiscard]] bool has_modules() const noexcept { return has_modules_; }
  void note_modules() noexcept { has_modules_ = true; }

  /// Expands the references in `raw`, which stands at `at`, and reports what is wrong with them.
  std::optional<std::string> expand(std::string_view raw, location at, const std::string& path,
                                    expansion_time when);
  void report(const expansion& result, location at, const std::string& path);

private:
  void add(diagnostic one);

  std::string file_;
  const std::string& text_;
  source_text source_;
  config::variables vars_;
  bool has_modules_ = false;
  std::vector<diagnostic> found_;
  // One mistake in `defaults` or behind an alias is met many times and told once.
  std::set<std::tuple<problem, std::uint32_t, std::uint32_t, std::string>> told_;
};

/// One value, where it stands, and what it should be.
struct value_at {
  context& owner;
  const node& value;
  std::string path;
  const key_row& row;

  void error(problem code, std::string message) const;
  /// "expected a size such as 64KiB, got a list"
  void wrong_type() const;
  [[nodiscard]] bool is_scalar() const; ///< `null` as a word counts as text.
  /// What this path is relative to; see `variables::base_of`.
  [[nodiscard]] const std::string& base(const std::string& directory) const;
};

// Each returns the value, or nothing after having reported why there is none.
std::optional<std::string> read_text(const value_at& from,
                                     expansion_time when = expansion_time::load);
/// Says that the text cannot be handed to the kernel.
void refuse_zero_byte(const value_at& from);
std::optional<std::int64_t> read_integer(const value_at& from);
std::optional<double> read_number(const value_at& from);
std::optional<bool> read_boolean(const value_at& from);
std::optional<duration> read_duration(const value_at& from);
std::optional<std::uint64_t> read_size(const value_at& from);
std::optional<int> read_signal(const value_at& from);
/// One of the row's words.
std::optional<std::string> read_word(const value_at& from);
/// One of the row's words when the value is one; reports nothing.
std::optional<std::string> peek_word(const value_at& from);
std::vector<std::string> read_text_list(const value_at& from, expansion_time when);
std::map<std::string, std::string> read_text_map(const value_at& from, expansion_time when);
/// The value as JSON, by YAML 1.2's core schema: quoted scalars are text.
std::string read_json(const value_at& from);

/// `text` in double quotes, for JSON and YAML alike.
std::string quoted_json(std::string_view text);

} // namespace troupe::config::detail
