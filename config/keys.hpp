// Part of Troupe; see LICENSE.

#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// The one table of keys. What is allowed, what is reserved, what "did you mean" offers, which
/// ranges and words count, and docs/yaml.md all come from it.
namespace troupe::config {

/// A map in the file whose keys are fixed.
enum class section : std::uint8_t {
  top,
  defaults,
  supervisor,
  control,
  troupe_log,
  metrics,
  shutdown,
  channel,
  durability,
  pool,
  autoscale,
  batch,
  checkpoint,
  retry,
  retry_backoff,
  rate_limit,
  protocol,
  restart,
  restart_backoff,
  start,
  stop,
  probes,
  probe,
  http_probe,
  tcp_probe,
  recycle,
  dependency,
  limits,
  limit,
  cgroup,
  socket,
  log,
  log_rotate,
  log_format,
  hooks,
  group,
  group_stop,
};

enum class value_type : std::uint8_t {
  text,
  name,
  path,
  integer,
  number,
  boolean,
  duration,
  size,
  signal,
  word,
  text_list,  ///< List of text.
  text_map,   ///< Names to text.
  exit_list,  ///< Codes 0-255 and signal names.
  reference,  ///< Name of a channel.
  references, ///< Name of a channel, or a list of them.
  map,        ///< The section `inner`.
  named_maps, ///< Names of the user's choice, each with the section `inner`.
  any,
};

enum class availability : std::uint8_t { here, planned };

inline constexpr std::int64_t no_limit_below = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t no_limit_above = std::numeric_limits<std::int64_t>::max();

struct key_row {
  section in;
  std::string_view name;
  value_type type = value_type::any;
  std::string_view standard = {}; ///< What counts when the key is absent, as text; empty: nothing.
  std::string_view help = {};     ///< For docs/yaml.md.
  std::int64_t min = no_limit_below; ///< Of an integer or number; of a duration in nanoseconds.
  std::int64_t max = no_limit_above;
  std::string_view words = {}; ///< What it may be, or may be besides its type; blanks between.
  std::string_view planned_words = {}; ///< Words that are described, but not in this build.
  section inner = section::top;        ///< Of `map` and `named_maps`.
  availability status = availability::here;
};

/// Every key, in the order of the documentation.
const std::vector<key_row>& all_keys();

/// Returns the row of `name` in `in`, or null.
const key_row* find_key(section in, std::string_view name);

/// Returns the names that this build has in `in`.
std::vector<std::string_view> keys_of(section in);

/// Splits the words of a row.
std::vector<std::string_view> words_in(std::string_view words);

/// "a duration such as 10s": for "expected ...".
std::string_view description_of(value_type type);

/// Dotted place of a section as the documentation writes it: `pools.NAME.stop`.
std::string_view path_of(section in);

/// Writes the tables of docs/yaml.md: every key that this build has, then those that are planned.
std::string describe_keys();

/// Says what is wrong with `key`, which is not in `in`, and what to write instead.
std::string explain_unknown_key(section in, std::string_view key);

/// Says which word was meant by `given`: "'x' is not one of a, b; did you mean 'a'?"
std::string explain_unknown_word(const key_row& row, std::string_view given);

} // namespace troupe::config
