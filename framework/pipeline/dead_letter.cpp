// Part of Troupe; see LICENSE.

#include "troupe/pipeline/dead_letter.hpp"

#include "troupe/base/json_text.hpp"
#include "troupe/base/text.hpp"
#include "troupe/pipeline/detail/cursor.hpp"

#include <nlohmann/json.hpp>

namespace troupe::pipeline {
namespace {

using json = nlohmann::ordered_json;

std::string base64(bytes_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = bytes.size() - i;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < left ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= left ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

// Texts of errors and log lines come from outside and may be anything.
std::string clean(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json describe(const exit_record& record) {
  json exit;
  exit["worker"] = record.name;
  exit["pid"] = record.pid;
  exit["status"] = to_string(record.status);
  if (const auto code = record.status.code()) exit["code"] = *code;
  if (const auto signal = record.status.signal()) exit["signal"] = signal_name(*signal);
  if (!record.stack.empty()) exit["stack"] = record.stack;
  if (!record.stderr_tail.empty()) exit["stderr"] = record.stderr_tail;
  return exit;
}

json make_record(std::string_view stage, bytes_view message, std::uint32_t attempts) {
  json record;
  const auto text = detail::as_text(message);
  if (json_text::is_utf8(text)) {
    record["message"] = text;
  } else {
    record["message_base64"] = base64(message);
  }
  record["pool"] = stage;
  record["attempts"] = attempts;
  return record;
}

void add_cause(json& record, const attempt_failure& cause) {
  if (!cause.text.empty()) record["error"] = cause.text;
  if (cause.exit) record["exit"] = describe(*cause.exit);
}

void shorten(std::vector<std::string>& lines) {
  for (auto& line : lines) line = text::shortened(line);
}

} // namespace

std::string to_string(const attempt_failure& cause) {
  return cause.exit ? to_string(*cause.exit) : cause.text;
}

std::string dead_letter_record(std::string_view stage, bytes_view message, std::uint32_t attempts,
                               const attempt_failure& cause) {
  auto record = make_record(stage, message, attempts);
  add_cause(record, cause);
  return clean(record);
}

std::string dead_letter_line(std::string_view stage, bytes_view message, std::uint32_t attempts,
                             const attempt_failure& cause) {
  const auto text = text::beginning_of(detail::as_text(message), text::quoted_bytes_max);
  auto record = make_record(stage, message.first(text.size()), attempts);
  if (text.size() < message.size()) record["message_bytes"] = message.size();
  auto shown = cause;
  shown.text = text::shortened(cause.text);
  if (shown.exit) {
    shorten(shown.exit->stack);
    shorten(shown.exit->stderr_tail);
  }
  add_cause(record, shown);
  return clean(record);
}

} // namespace troupe::pipeline
