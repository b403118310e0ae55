// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"

#include <string>
#include <string_view>

/// The lines that go over a control socket: one JSON object each, a reply for each request.
namespace troupe::control {

/// A longer request is refused, and its client too.
inline constexpr std::size_t request_bytes_max = 64 * 1024;
/// A longer reply is refused by the client.
inline constexpr std::size_t reply_bytes_max = 64 * 1024 * 1024;

/// `{"verb": "status"}`
struct request {
  std::string verb;
};

/// Without the line's end.
std::string to_line(const request& what);
expected<request> request_from_line(std::string_view line);

/// @{ `{"ok": true, "result": ...}` or `{"ok": false, "error": "..."}`; `result` is JSON already.
std::string reply_line(const expected<std::string>& result);
expected<std::string> result_from_line(std::string_view line);
/// @}

} // namespace troupe::control
