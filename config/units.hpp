// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/base/expected.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The small languages that YAML values are written in. Pure: text in, value or sentence out.
///
/// `errc::bad_argument` means malformed, `errc::too_large` that no variable can hold the value.
namespace troupe::config {

/// Reads `500ms`, `1.5s`, `1m30s`; units are ns us ms s m h d, larger ones first.
expected<duration> parse_duration(std::string_view text);
/// Writes the shortest form that `parse_duration` reads back to the same value: `90s`, `2m`.
std::string format_duration(duration value);

/// Reads `4096`, `64KiB`, `1.5GB`; a bare number is bytes, KB is 1000 and KiB is 1024.
expected<std::uint64_t> parse_size(std::string_view text);
/// Writes the largest binary unit that holds `value` exactly: `64MiB`, `1000B`.
std::string format_size(std::uint64_t value);

/// Reads `TERM`, `SIGTERM`, `term` or `15`.
expected<int> parse_signal(std::string_view text);

/// Reads a decimal integer; a leading `+`, blanks and `0x` are refused, `010` is refused as octal.
expected<std::int64_t> parse_integer(std::string_view text);
/// Reads a finite decimal number.
expected<double> parse_number(std::string_view text);
/// Writes the shortest form that reads back to the same value.
std::string format_number(double value);
/// Reads `true` or `false`; the words of YAML 1.1 are refused with a hint.
expected<bool> parse_boolean(std::string_view text);

/// Checks the form of a name: `[a-z][a-z0-9_-]{0,62}`.
expected<void> check_name(std::string_view text);
/// Makes a name out of a file's stem: `My App` becomes `my_app`.
std::string name_from(std::string_view text);

} // namespace troupe::config
