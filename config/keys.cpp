// Part of Troupe; see LICENSE.

#include "troupe/config/keys.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/config/detail/foreign_terms.hpp"
#include "troupe/config/detail/hints.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace troupe::config {

namespace {

struct section_path {
  section in;
  std::string_view path;
};

constexpr std::array section_paths{
    section_path{section::top, ""},
    section_path{section::defaults, "defaults"},
    section_path{section::supervisor, "supervisor"},
    section_path{section::control, "control"},
    section_path{section::troupe_log, "log"},
    section_path{section::metrics, "metrics"},
    section_path{section::shutdown, "shutdown"},
    section_path{section::channel, "channels.NAME"},
    section_path{section::durability, "channels.NAME.durability"},
    section_path{section::pool, "pools.NAME"},
    section_path{section::autoscale, "pools.NAME.autoscale"},
    section_path{section::batch, "pools.NAME.batch"},
    section_path{section::checkpoint, "pools.NAME.checkpoint"},
    section_path{section::retry, "pools.NAME.retry"},
    section_path{section::retry_backoff, "pools.NAME.retry.backoff"},
    section_path{section::rate_limit, "pools.NAME.rate_limit"},
    section_path{section::protocol, "pools.NAME.protocol"},
    section_path{section::restart, "pools.NAME.restart"},
    section_path{section::restart_backoff, "pools.NAME.restart.backoff"},
    section_path{section::start, "pools.NAME.start"},
    section_path{section::stop, "pools.NAME.stop"},
    section_path{section::probes, "pools.NAME.probes"},
    section_path{section::probe, "pools.NAME.probes.KIND"},
    section_path{section::http_probe, "pools.NAME.probes.KIND.http"},
    section_path{section::tcp_probe, "pools.NAME.probes.KIND.tcp"},
    section_path{section::recycle, "pools.NAME.recycle"},
    section_path{section::dependency, "pools.NAME.depends_on.NAME"},
    section_path{section::limits, "pools.NAME.limits"},
    section_path{section::limit, "pools.NAME.limits.LIMIT"},
    section_path{section::cgroup, "pools.NAME.cgroup"},
    section_path{section::socket, "pools.NAME.sockets.NAME"},
    section_path{section::log, "pools.NAME.log"},
    section_path{section::log_rotate, "pools.NAME.log.rotate"},
    section_path{section::log_format, "pools.NAME.log.format"},
    section_path{section::hooks, "pools.NAME.hooks"},
    section_path{section::group, "groups.NAME"},
    section_path{section::group_stop, "groups.NAME.stop"},
};

// Whether this build has the key at the dotted `path` below `in`.
bool is_here(section in, std::string_view path) {
  for (;;) {
    const auto dot = path.find('.');
    const auto* const row = find_key(in, path.substr(0, dot));
    if (row == nullptr || row->status != availability::here) return false;
    if (dot == std::string_view::npos) return true;
    in = row->inner;
    path.remove_prefix(dot + 1);
  }
}

// What Troupe has for another tool's `key`; empty when it is not known.
std::string explain_foreign_key(section in, std::string_view key) {
  const auto [ours, how] = detail::our_term(key);
  // `concurrency` is only `replicas` where `replicas` could stand.
  if (ours.empty() || find_key(in, ours.substr(0, ours.find('.'))) == nullptr) return {};
  auto out = "Troupe calls this '" + std::string{ours} + "'";
  if (!is_here(in, ours)) return out + ", which is planned and not in this build; remove it";
  if (!how.empty()) out.append("; ").append(how);
  return out;
}

// The map below `in` that has `key`: `signal` in a pool belongs under `stop`.
std::optional<std::string_view> inner_map_with(section in, std::string_view key) {
  for (const auto& row : all_keys()) {
    const bool is_map_here = row.in == in && row.type == value_type::map &&
                             row.status == availability::here && row.inner != section::pool &&
                             row.inner != section::channel;
    if (is_map_here && find_key(row.inner, key) != nullptr) return row.name;
  }
  return std::nullopt;
}

} // namespace

const key_row* find_key(section in, std::string_view name) {
  const auto& rows = all_keys();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const key_row& row) {
    return row.in == in && row.name == name;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string_view> keys_of(section in) {
  std::vector<std::string_view> out;
  for (const auto& row : all_keys()) {
    if (row.in == in && row.status == availability::here) out.push_back(row.name);
  }
  return out;
}

std::vector<std::string_view> words_in(std::string_view words) {
  std::vector<std::string_view> out;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end != 0) out.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

std::string_view description_of(value_type type) {
  switch (type) {
  case value_type::text:
    return "text";
  case value_type::name:
    return "a name";
  case value_type::path:
    return "a path";
  case value_type::integer:
    return "an integer";
  case value_type::number:
    return "a number";
  case value_type::boolean:
    return "true or false";
  case value_type::duration:
    return "a duration such as 10s";
  case value_type::size:
    return "a size such as 64KiB";
  case value_type::signal:
    return "a signal such as TERM";
  case value_type::word:
    return "a word";
  case value_type::text_list:
    return "a list of text";
  case value_type::text_map:
    return "a map from names to text";
  case value_type::exit_list:
    return "a list of exit codes and signal names";
  case value_type::reference:
    return "the name of a channel";
  case value_type::references:
    return "the name of a channel or a list of them";
  case value_type::map:
    return "a map";
  case value_type::named_maps:
    return "a map from names to maps";
  case value_type::any:
    return "a value";
  }
  return "a value";
}

std::string_view path_of(section in) {
  const auto* const found = std::find_if(section_paths.begin(), section_paths.end(),
                                         [in](const section_path& one) { return one.in == in; });
  TROUPE_ASSERT(found != section_paths.end());
  return found->path;
}

std::string explain_unknown_key(section in, std::string_view key) {
  using detail::comma_list;
  const std::string head = "unknown key";
  if (const auto ours = explain_foreign_key(in, key); !ours.empty()) return head + "; " + ours;
  const auto known = keys_of(in);
  if (const auto guess = detail::did_you_mean(key, known); !guess.empty()) return head + guess;
  if (const auto inner = inner_map_with(in, key)) {
    return head + "; it belongs under '" + std::string{*inner} + "'";
  }
  return head + "; known here: " + comma_list(known);
}

std::string explain_unknown_word(const key_row& row, std::string_view given) {
  using detail::in_quotes;
  const auto known = words_in(row.words);
  if (row.in == section::restart && row.name == "policy" && (given == "no" || given == "false")) {
    return in_quotes(given) + " is not a restart policy; write never or temporary";
  }
  return in_quotes(given) + " is not one of " + detail::comma_list(known) +
         detail::did_you_mean(given, known);
}

} // namespace troupe::config
