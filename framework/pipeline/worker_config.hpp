// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/worker_errors.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The pool's `config:` as the worker's constructor sees it, and which worker it is.
///
/// Values are text as written in the YAML file. A list `a: [x, y]` has the keys `a.0` and `a.1`, a
/// map `b: {c: z}` has `b.c`.
///
/// Lives in: worker. Threads: a value. Blocks: never. Crash: nothing shared.
/// Errors: stage_failed when a value is missing or no number.
class worker_config {
public:
  using entry = std::pair<std::string, std::string>;

  worker_config() = default;
  worker_config(std::vector<entry> entries, std::string json, std::string pool,
                std::uint32_t replica, bool is_resumed = false)
      : entries_{std::move(entries)}, json_{std::move(json)}, pool_{std::move(pool)},
        replica_{replica}, is_resumed_{is_resumed} {}

  /// Returns the value, or nothing when it is not given.
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const {
    for (const auto& [name, value] : entries_) {
      if (name == key) return value;
    }
    return std::nullopt;
  }

  /// Returns the value, which must be given.
  [[nodiscard]] std::string text(std::string_view key) const {
    if (auto value = get(key)) return *std::move(value);
    throw stage_failed{"config." + std::string{key} + " is missing; add it to the pool's config"};
  }
  [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise) const {
    return get(key).value_or(std::string{otherwise});
  }
  [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t otherwise) const {
    const auto value = get(key);
    if (!value) return otherwise;
    std::int64_t number = 0;
    const auto* const end = value->data() + value->size();
    const auto [stop, problem] = std::from_chars(value->data(), end, number);
    if (problem == std::errc{} && stop == end) return number;
    throw stage_failed{"config." + std::string{key} + " is '" + *value + "', not a whole number"};
  }
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const {
    const auto value = get(key);
    if (!value) return otherwise;
    if (*value == "true") return true;
    if (*value == "false") return false;
    throw stage_failed{"config." + std::string{key} + " is '" + *value + "', not true or false"};
  }
  /// Returns the elements of a list, or the one value as a list of one.
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const {
    if (auto one = get(key)) return {*std::move(one)};
    std::vector<std::string> values;
    while (auto value = get(std::string{key} + '.' + std::to_string(values.size()))) {
      values.push_back(*std::move(value));
    }
    return values;
  }

  /// The whole of `config:` as JSON.
  [[nodiscard]] const std::string& json() const noexcept { return json_; }
  [[nodiscard]] const std::string& pool() const noexcept { return pool_; }
  [[nodiscard]] std::uint32_t replica() const noexcept { return replica_; }
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }
  /// Whether `load` will be called: the work was begun by a predecessor. A sink must not truncate
  /// its file then.
  [[nodiscard]] bool is_resumed() const noexcept { return is_resumed_; }

private:
  std::vector<entry> entries_;
  std::string json_ = "{}";
  std::string pool_;
  std::uint32_t replica_ = 0;
  bool is_resumed_ = false;
};

} // namespace troupe
