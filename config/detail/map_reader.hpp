// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/detail/context.hpp"
#include "troupe/config/keys.hpp"
#include "troupe/config/spec.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

/// One map of the file, read by the rows of one section of the key table.
///
/// Construction reports every key that the section does not have or that is only planned. Reading
/// a key that is not in the table is a mistake in Troupe.
class map_reader {
public:
  /// `at` is where errors about the whole map go: the key that has it.
  map_reader(context& owner, const node& map, section in, std::string path, location at);

  [[nodiscard]] context& owner() const noexcept { return *owner_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] location at() const noexcept { return at_; }
  [[nodiscard]] const node& values() const noexcept { return *map_; }

  /// The entry, or null when the key is absent or only planned.
  [[nodiscard]] const entry* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Whether the key stands in the map itself, not in `defaults`.
  [[nodiscard]] bool has_own(std::string_view key) const;
  [[nodiscard]] std::optional<value_at> value(std::string_view key) const;

  // Each writes to `target` when the key is there and right.
  void text(std::string_view key, std::string& target,
            expansion_time when = expansion_time::load) const;
  void boolean(std::string_view key, bool& target) const;
  void number(std::string_view key, double& target) const;
  void time(std::string_view key, duration& target) const;
  void size(std::string_view key, std::uint64_t& target) const;
  void signal(std::string_view key, int& target) const;
  template<class T>
  void integer(std::string_view key, T& target) const {
    if (const auto found = value(key)) {
      if (const auto read = read_integer(*found))
        target = static_cast<T>(*read); // In the row's range.
    }
  }

  [[nodiscard]] std::optional<std::string> word(std::string_view key) const;
  /// A word that stands instead of the key's type: `unlimited`.
  [[nodiscard]] bool is_word(std::string_view key, std::string_view word) const;
  [[nodiscard]] std::vector<std::string> text_list(std::string_view key, expansion_time when) const;
  [[nodiscard]] std::map<std::string, std::string> text_map(std::string_view key,
                                                            expansion_time when) const;
  /// The map at `key`; reports a value that is none.
  [[nodiscard]] std::optional<map_reader> map(std::string_view key) const;

  void error(std::string_view key, problem code, std::string message) const;
  [[nodiscard]] std::string path_to(std::string_view key) const;

private:
  void check_keys() const;

  context* owner_;
  const node* map_;
  section in_;
  std::string path_;
  location at_;
};

/// Where errors about `one` go: its value, or its key when the value begins on another line.
location place_of(const entry& one);

// The readers of the single sections, in read_*.cpp.
void read_restart(const map_reader& from, restart_spec& out);
void read_retry(const map_reader& from, retry_spec& out);
void read_start(const map_reader& from, start_spec& out);
void read_stop(const map_reader& from, stop_spec& out);
void read_recycle(const map_reader& from, recycle_spec& out);
void read_limits(const map_reader& from, std::vector<limit_spec>& out);

} // namespace troupe::config::detail
