// Part of Troupe; see LICENSE.

#include "troupe/control/request.hpp"

#include <nlohmann/json.hpp>

namespace troupe::control {

namespace {
using json = nlohmann::ordered_json;
} // namespace

std::string to_line(const request& what) {
  return json{{"verb", what.verb}}.dump();
}

expected<request> request_from_line(std::string_view line) {
  const auto from = json::parse(line, nullptr, false);
  if (from.is_discarded() || !from.is_object()) {
    return failure{errc::bad_data, R"(expected a line like {"verb": "status"})"};
  }
  const auto verb = from.find("verb");
  if (verb == from.end() || !verb->is_string()) {
    return failure{errc::bad_data, "'verb' is missing"};
  }
  return request{verb->get<std::string>()};
}

std::string reply_line(const expected<std::string>& result) {
  // Not parsed again: it may be long, and it was made by our own writer.
  if (result) return R"({"ok":true,"result":)" + *result + "}";
  return json{{"ok", false}, {"error", result.error().message}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

expected<std::string> result_from_line(std::string_view line) {
  const auto from = json::parse(line, nullptr, false);
  if (from.is_discarded() || !from.is_object() || !from.contains("ok") ||
      !from["ok"].is_boolean()) {
    return failure{errc::bad_data, "the reply makes no sense"};
  }
  if (from["ok"].get<bool>()) return from.value("result", json{}).dump();
  const auto error = from.find("error");
  const bool has_text = error != from.end() && error->is_string();
  return failure{errc::task_failed, has_text ? error->get<std::string>() : "it refused"};
}

} // namespace troupe::control
