// Part of Troupe; see LICENSE.

#include "troupe/config/units.hpp"

#include "troupe/config/detail/hints.hpp"
#include "troupe/process/exit_status.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace troupe::config {

namespace {

struct unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first; `1m30s` must name them in this order.
constexpr std::array duration_units{unit{"d", 86'400'000'000'000},
                                    unit{"h", 3'600'000'000'000},
                                    unit{"m", 60'000'000'000},
                                    unit{"s", 1'000'000'000},
                                    unit{"ms", 1'000'000},
                                    unit{"us", 1'000},
                                    unit{"ns", 1}};

constexpr std::array size_units{
    unit{"GiB", 1 << 30},  unit{"MiB", 1 << 20}, unit{"KiB", 1 << 10}, unit{"GB", 1'000'000'000},
    unit{"MB", 1'000'000}, unit{"KB", 1'000},    unit{"B", 1}};

failure malformed(std::string message) {
  return {.code = errc::bad_argument, .message = std::move(message)};
}

failure overflow(std::string message) {
  return {.code = errc::too_large, .message = std::move(message)};
}

using detail::in_quotes;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes `12` or `1.5` off the front. The fraction is kept as digits, so that 0.1s is exact.
struct decimal {
  std::string_view whole;
  std::string_view fraction;
};

decimal take_decimal(std::string_view& text) {
  const auto take_digits = [&text] {
    const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                              text.begin());
    const auto digits = text.substr(0, end);
    text.remove_prefix(end);
    return digits;
  };
  decimal out{.whole = take_digits(), .fraction = {}};
  if (!out.whole.empty() && text.size() > 1 && text[0] == '.' && is_digit(text[1])) {
    text.remove_prefix(1);
    out.fraction = take_digits();
  }
  return out;
}

enum class scaling { exact, inexact, too_large };

// `number` times `factor`, added to `sum`. Never rounds: a rest is `inexact`.
scaling add_scaled(decimal number, std::int64_t factor, std::int64_t& sum) {
  std::int64_t whole = 0;
  if (std::from_chars(number.whole.begin(), number.whole.end(), whole).ec != std::errc{}) {
    return scaling::too_large;
  }
  std::int64_t scaled = 0;
  if (__builtin_mul_overflow(whole, factor, &scaled)) return scaling::too_large;
  if (__builtin_add_overflow(sum, scaled, &sum)) return scaling::too_large;
  auto digits = number.fraction;
  while (digits.ends_with('0')) digits.remove_suffix(1);
  // 18 digits fit 64 bits, and no unit needs more to be exact.
  if (digits.size() > 18) return scaling::inexact;
  auto rest = static_cast<std::uint64_t>(factor);
  std::uint64_t part = 0;
  std::uint64_t power = 1;
  for (const char digit : digits) {
    part = part * 10 + static_cast<std::uint64_t>(digit - '0');
    power *= 10;
  }
  const auto shared = std::gcd(rest, power);
  rest /= shared;
  power /= shared;
  if (part % power != 0) return scaling::inexact;
  // The part is less than one unit, so this is less than `factor`.
  scaled = static_cast<std::int64_t>(part / power * rest);
  return __builtin_add_overflow(sum, scaled, &sum) ? scaling::too_large : scaling::exact;
}

std::string_view take_word(std::string_view& text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_letter) -
                                            text.begin());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

failure not_a_duration(std::string_view text) {
  return malformed(in_quotes(text) +
                   " is not a duration; write a number and a unit such as 10s, 500ms or 1m30s"
                   " (units: ns us ms s m h d)");
}

failure not_a_size(std::string_view text) {
  auto rest = text;
  const auto number = take_decimal(rest);
  if (!number.whole.empty() && !rest.empty()) {
    const auto letter = static_cast<char>(rest[0] & ~0x20);
    if (letter == 'K' || letter == 'M' || letter == 'G') {
      const auto digits = text.substr(0, text.size() - rest.size());
      return malformed(in_quotes(text) + " is not a size; write " + std::string{digits} + letter +
                       "iB (or " + std::string{digits} + letter + "B for powers of 1000)");
    }
  }
  return malformed(in_quotes(text) +
                   " is not a size; write a number and a unit such as 64KiB or 1GB"
                   " (units: B KB KiB MB MiB GB GiB; a bare number is bytes)");
}

} // namespace

expected<duration> parse_duration(std::string_view text) {
  if (text.starts_with('-')) return malformed(in_quotes(text) + ": a duration cannot be negative");
  auto rest = text;
  std::int64_t sum = 0;
  auto next_unit = duration_units.begin();
  if (rest.empty()) return not_a_duration(text);
  while (!rest.empty()) {
    const auto number = take_decimal(rest);
    if (number.whole.empty()) return not_a_duration(text);
    const auto name = take_word(rest);
    if (name.empty() && rest.empty() && next_unit == duration_units.begin()) {
      return malformed(in_quotes(text) + " has no unit; write " + std::string{text} + "s");
    }
    const auto found = std::find_if(next_unit, duration_units.end(),
                                    [&](const unit& one) { return one.name == name; });
    if (found == duration_units.end()) return not_a_duration(text);
    switch (add_scaled(number, found->factor, sum)) {
    case scaling::exact:
      break;
    case scaling::inexact:
      return malformed(in_quotes(text) + " is finer than 1ns");
    case scaling::too_large:
      return overflow(in_quotes(text) + " is longer than 106751 days");
    }
    next_unit = std::next(found);
  }
  return duration{sum};
}

std::string format_duration(duration value) {
  const auto count = value.count();
  if (count == 0) return "0s";
  const auto* const found = std::find_if(duration_units.begin(), duration_units.end(),
                                         [&](const unit& one) { return count % one.factor == 0; });
  return std::to_string(count / found->factor) + std::string{found->name};
}

expected<std::uint64_t> parse_size(std::string_view text) {
  if (text.starts_with('-')) return malformed(in_quotes(text) + ": a size cannot be negative");
  auto rest = text;
  const auto number = take_decimal(rest);
  if (number.whole.empty()) return not_a_size(text);
  const auto name = rest.empty() ? std::string_view{"B"} : rest;
  const auto found = std::find_if(size_units.begin(), size_units.end(),
                                  [&](const unit& one) { return one.name == name; });
  if (found == size_units.end()) return not_a_size(text);
  std::int64_t sum = 0;
  switch (add_scaled(number, found->factor, sum)) {
  case scaling::exact:
    break;
  case scaling::inexact:
    return malformed(in_quotes(text) + " is not a whole number of bytes");
  case scaling::too_large:
    return overflow(in_quotes(text) + " is larger than 8 EiB");
  }
  return static_cast<std::uint64_t>(sum);
}

std::string format_size(std::uint64_t value) {
  constexpr std::array binary{unit{"GiB", 1 << 30}, unit{"MiB", 1 << 20}, unit{"KiB", 1 << 10}};
  for (const auto& one : binary) {
    const auto factor = static_cast<std::uint64_t>(one.factor);
    if (value != 0 && value % factor == 0) {
      return std::to_string(value / factor) + std::string{one.name};
    }
  }
  return std::to_string(value) + "B";
}

expected<int> parse_signal(std::string_view text) {
  if (const auto signal = signal_from_name(text)) return *signal;
  return malformed(in_quotes(text) +
                   " is not a signal; write a name such as TERM or INT, or its number");
}

expected<std::int64_t> parse_integer(std::string_view text) {
  auto digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return malformed("expected an integer, got " + in_quotes(text));
  }
  if (digits.size() > 1 && digits[0] == '0') {
    return malformed("expected a decimal integer, got " + in_quotes(text) +
                     "; remove the leading 0");
  }
  std::int64_t value = 0;
  if (std::from_chars(text.begin(), text.end(), value).ec != std::errc{}) {
    return overflow(in_quotes(text) + " does not fit 64 bits");
  }
  return value;
}

expected<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  const bool has_digit = std::any_of(text.begin(), text.end(), is_digit); // Not "nan", not "inf".
  if (error == std::errc::result_out_of_range) return overflow(in_quotes(text) + " is too large");
  if (error != std::errc{} || end != text.end() || !has_digit || !std::isfinite(value)) {
    return malformed("expected a number, got " + in_quotes(text));
  }
  return value;
}

std::string format_number(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.begin(), text.end(), value);
  return {text.begin(), result.ptr};
}

expected<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  const auto hint = [&](std::string_view word) {
    return malformed("expected true or false, got " + in_quotes(text) + "; write " +
                     std::string{word});
  };
  if (lower == "yes" || lower == "on" || lower == "y" || lower == "true") return hint("true");
  if (lower == "no" || lower == "off" || lower == "n" || lower == "false") return hint("false");
  return malformed("expected true or false, got " + in_quotes(text));
}

expected<void> check_name(std::string_view text) {
  constexpr std::size_t name_length_max = 63;
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_inner = [&](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; };
  if (!text.empty() && text.size() <= name_length_max && is_lower(text[0]) &&
      std::all_of(text.begin(), text.end(), is_inner)) {
    return {};
  }
  return malformed(in_quotes(text) +
                   " is not a name; a name starts with a-z, then a-z 0-9 _ -, at most "
                   "63 characters");
}

std::string name_from(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 63)) {
    const auto lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const bool is_letter = lower >= 'a' && lower <= 'z';
    if (out.empty() && !is_letter) continue;
    out += is_letter || is_digit(lower) || lower == '-' ? lower : '_';
  }
  return out.empty() ? "troupe" : out;
}

} // namespace troupe::config
