// Part of Troupe; see LICENSE.

#include "troupe/config/detail/node.hpp"

#include "troupe/config/detail/hints.hpp"

#include <algorithm>
#include <array>

namespace troupe::config::detail {

namespace {

// Keys of which a map has one: the one above hides the others below.
constexpr std::array<std::array<std::string_view, 4>, 3> exclusive_keys{{
    {"worker", "command", "shell", "builtin"},
    {"input", "inputs", "", ""},
    {"output", "outputs", "", ""},
}};

bool is_hidden(std::string_view key, const node& above) {
  for (const auto& group : exclusive_keys) {
    if (std::find(group.begin(), group.end(), key) == group.end()) continue;
    return std::any_of(group.begin(), group.end(), [&](std::string_view other) {
      return !other.empty() && above.find(other) != nullptr;
    });
  }
  return false;
}

// `restart: temporary` is short for `restart: {policy: temporary}`.
node_ptr without_short_form(std::string_view key, const node_ptr& value) {
  if (key != "restart" || value->what != node::kind::scalar) return value;
  auto out = std::make_shared<node>();
  out->what = node::kind::map;
  out->at = value->at;
  out->entries.push_back({.key = "policy", .at = value->at, .value = value});
  return out;
}

} // namespace

const entry* node::find(std::string_view key) const noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const entry& one) { return one.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::string describe(const node& value) {
  switch (value.what) {
  case node::kind::null:
    return "nothing";
  case node::kind::scalar:
    return in_quotes(value.text);
  case node::kind::sequence:
    return "a list";
  case node::kind::map:
    return "a map";
  }
  return "a value";
}

node_ptr merge(const node_ptr& below, const node_ptr& above) {
  if (below->what != node::kind::map || above->what != node::kind::map) return above;
  auto out = std::make_shared<node>(*above);
  for (auto one : below->entries) {
    one.is_default = true;
    const auto same = std::find_if(out->entries.begin(), out->entries.end(),
                                   [&](const entry& other) { return other.key == one.key; });
    if (same != out->entries.end()) {
      same->value =
          merge(without_short_form(one.key, one.value), without_short_form(one.key, same->value));
    } else if (!is_hidden(one.key, *above)) {
      out->entries.push_back(std::move(one));
    }
  }
  return out;
}

} // namespace troupe::config::detail
