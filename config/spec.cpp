// Part of Troupe; see LICENSE.

#include "troupe/config/spec.hpp"

#include <algorithm>

namespace troupe::config {

std::string_view to_string(full_policy value) noexcept {
  switch (value) {
  case full_policy::block:
    return "block";
  case full_policy::drop_newest:
    return "drop_newest";
  case full_policy::drop_oldest:
    return "drop_oldest";
  case full_policy::reject:
    return "reject";
  }
  return "?";
}

std::string_view to_string(delivery_mode value) noexcept {
  switch (value) {
  case delivery_mode::at_most_once:
    return "at_most_once";
  case delivery_mode::at_least_once:
    return "at_least_once";
  }
  return "?";
}

std::string_view to_string(order_mode value) noexcept {
  switch (value) {
  case order_mode::any:
    return "any";
  case order_mode::preserve:
    return "preserve";
  }
  return "?";
}

std::string_view to_string(error_rule value) noexcept {
  return value == error_rule::stop ? "stop" : "skip";
}

std::string_view to_string(pool_kind value) noexcept {
  switch (value) {
  case pool_kind::worker:
    return "worker";
  case pool_kind::command:
    return "command";
  case pool_kind::shell:
    return "shell";
  case pool_kind::builtin:
    return "builtin";
  }
  return "?";
}

std::string_view to_string(builtin_role value) noexcept {
  switch (value) {
  case builtin_role::source:
    return "source";
  case builtin_role::transform:
    return "transform";
  case builtin_role::aggregate:
    return "aggregate";
  case builtin_role::sink:
    return "sink";
  }
  return "?";
}

std::string_view to_string(protocol_mode value) noexcept {
  switch (value) {
  case protocol_mode::stream:
    return "stream";
  case protocol_mode::request_reply:
    return "request_reply";
  case protocol_mode::envelope:
    return "envelope";
  }
  return "?";
}

std::string_view to_string(codec_kind value) noexcept {
  switch (value) {
  case codec_kind::string:
    return "string";
  case codec_kind::json:
    return "json";
  }
  return "?";
}

const channel_spec* find_channel(const troupe_spec& spec, std::string_view name) noexcept {
  const auto found = std::find_if(spec.channels.begin(), spec.channels.end(),
                                  [&](const channel_spec& one) { return one.name == name; });
  return found == spec.channels.end() ? nullptr : &*found;
}

const pool_spec* find_pool(const troupe_spec& spec, std::string_view name) noexcept {
  const auto found = std::find_if(spec.pools.begin(), spec.pools.end(),
                                  [&](const pool_spec& one) { return one.name == name; });
  return found == spec.pools.end() ? nullptr : &*found;
}

location position_of(const pool_spec& pool, std::string_view key) {
  const auto found = pool.positions.find(std::string{key});
  return found == pool.positions.end() ? pool.at : found->second;
}

} // namespace troupe::config
