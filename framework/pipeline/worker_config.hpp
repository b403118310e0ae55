// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/worker_errors.hpp"

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
/// Errors: stage_failed when a value is missing, or is there and not what is asked for: a default
/// stands for a key that is not there, never for a wrong value. It names the place in the file.
class worker_config {
public:
  using entry = std::pair<std::string, std::string>;
  /// What is no single value: an entry, empty or not, that is a list, a map or nothing (null).
  enum class shape : std::uint8_t { nothing, list, map };
  using shaped = std::pair<std::string, shape>;

  worker_config() = default;
  worker_config(std::vector<entry> entries, std::string json, std::string pool,
                std::uint32_t replica, bool is_resumed = false)
      : entries_{std::move(entries)}, json_{std::move(json)}, pool_{std::move(pool)},
        replica_{replica}, is_resumed_{is_resumed} {}

  /// Adds what the entries cannot say; `places` is FILE:LINE:COLUMN by key.
  void set_origin(std::vector<shaped> shapes, std::vector<entry> places) {
    shapes_ = std::move(shapes);
    places_ = std::move(places);
  }

  /// Returns the value, or nothing when it is not given. It must not be a list, a map or nothing.
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const;

  /// Returns the value, which must be given.
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise) const;
  [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t otherwise) const;
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  /// Returns the elements of a list, or the one value as a list of one; empty when not given.
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const;

  /// The whole of `config:` as JSON.
  [[nodiscard]] const std::string& json() const noexcept { return json_; }
  [[nodiscard]] const std::string& pool() const noexcept { return pool_; }
  [[nodiscard]] std::uint32_t replica() const noexcept { return replica_; }
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }
  /// Whether `load` will be called: the work was begun by a predecessor. A sink must not truncate
  /// its file then.
  [[nodiscard]] bool is_resumed() const noexcept { return is_resumed_; }

private:
  [[nodiscard]] std::optional<std::string> single(std::string_view key,
                                                  std::string_view wanted) const;
  void check_holds(std::string_view key, bool may_be_list) const;
  [[nodiscard]] const shape* shape_of(std::string_view key) const noexcept;
  [[noreturn]] void refuse(std::string_view key, const std::string& what,
                           std::string_view advice) const;

  std::vector<entry> entries_;
  std::vector<shaped> shapes_;
  std::vector<entry> places_;
  std::string json_ = "{}";
  std::string pool_;
  std::uint32_t replica_ = 0;
  bool is_resumed_ = false;
};

} // namespace troupe
