// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/diagnostics.hpp"
#include "troupe/config/location.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::config {

/// Whether a value may hold `${TROUPE_REPLICA}` and its like, which are known only when a worker
/// starts.
enum class expansion_time {
  load,  ///< No: every reference must have a value now.
  spawn, ///< Yes: they stay as written, for `text::expand_for_worker`.
};

/// Something wrong inside one text; `fragment` is the part of the text to point at.
struct expansion_error {
  problem code = problem::undefined_variable;
  std::string message;
  std::string fragment{};
};

struct expansion {
  std::string text;
  std::vector<expansion_error> errors;
};

/// Replaces `${X}`, `${X:-default}`, `${X:?message}` and `$$` in single values.
///
/// A name is looked up in `--set` first, then in the environment, then in `vars:`.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing shared.
/// Errors: returned with each expansion.
class variables {
public:
  using environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// `set_directory`: what relative paths given with `--set` are relative to; empty: the same
  /// folder as all others.
  variables(std::map<std::string, std::string> set, environment from_environment,
            std::string set_directory = {});

  /// Adds one of `vars:`; its own references are expanded when it is first used.
  void declare(std::string name, std::string raw, location at);

  [[nodiscard]] expansion expand(std::string_view raw, expansion_time when);

  /// Expands the value of a declared name, whatever the environment says, with its errors.
  [[nodiscard]] expansion expand_declared(const std::string& name);

  /// What `${name}` is now, or nothing.
  [[nodiscard]] std::optional<std::string> value_of(const std::string& name);

  /// What the path `raw` is relative to: the folder of the command when its beginning came with
  /// `--set`, where somebody typed it, else `directory`.
  [[nodiscard]] const std::string& base_of(std::string_view raw,
                                           const std::string& directory) const;

  /// Names given with `--set` that were neither declared nor used.
  [[nodiscard]] std::vector<std::string> unused_set() const;
  [[nodiscard]] std::vector<std::string> declared_names() const;

private:
  struct variable {
    std::string raw;
    location at;
    bool is_open = false; // Being expanded: meeting it again is a cycle.
    std::optional<expansion> result;
  };

  const expansion& resolve(const std::string& name);
  void expand_reference(std::string_view body, expansion_time when, expansion& out);
  void expand_into(std::string_view raw, expansion_time when, expansion& out);
  void report_undefined(std::string_view name, expansion& out) const;
  [[nodiscard]] std::string cycle_through(const std::string& name) const;
  [[nodiscard]] bool begins_with_set(std::string_view raw, std::size_t depth) const;

  std::map<std::string, std::string> set_;
  environment environment_;
  std::string set_directory_;
  std::map<std::string, variable> declared_;
  std::vector<std::string> stack_; // Declared names being expanded, outermost first.
  std::set<std::string> used_;
  std::size_t depth_ = 0; // Of defaults inside defaults.
};

/// Whether `name` has the form of a variable: a letter or `_`, then letters, digits and `_`.
bool is_variable_name(std::string_view name);

/// Writes `text` so that expanding it gives `text` again; `expansion_time::spawn` keeps
/// `${TROUPE_...}` alive.
std::string escape_references(std::string_view text, expansion_time when);

} // namespace troupe::config
