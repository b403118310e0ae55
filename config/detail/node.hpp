// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/config/location.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

struct node;
using node_ptr = std::shared_ptr<const node>;

struct entry {
  std::string key;
  location at; // Of the key.
  node_ptr value;
  bool is_default = false; // Came from `defaults:`, not from the map it stands in.
};

/// A YAML value with its place in the file. Aliases are the same node in two places.
struct node {
  enum class kind : std::uint8_t { null, scalar, sequence, map };

  kind what = kind::null;
  location at;
  std::string text;      // Of a scalar; of a null, how it was written.
  bool is_plain = false; // A scalar without quotes and without a tag.
  std::vector<node_ptr> items;
  std::vector<entry> entries;
  std::size_t weight = 1; // Nodes below and itself, each alias counted again.

  [[nodiscard]] const entry* find(std::string_view key) const noexcept;
};

/// "a list", "a map", "nothing", "'text'".
std::string describe(const node& value);

/// Lays `above` over `below`: maps merge key by key, anything else replaces. What comes from
/// `below` is marked as default.
node_ptr merge(const node_ptr& below, const node_ptr& above);

} // namespace troupe::config::detail
