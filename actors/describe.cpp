// Part of Troupe; see LICENSE.

#include "troupe/actors/describe.hpp"

#include "troupe/actors/catalogue.hpp"
#include "troupe/base/text.hpp"

#include <nlohmann/json.hpp>

namespace troupe::actors {

namespace {

std::string_view word_of(setting_type type) {
  switch (type) {
  case setting_type::text:
    return "text";
  case setting_type::path:
    return "path";
  case setting_type::integer:
    return "integer";
  case setting_type::boolean:
    return "true or false";
  case setting_type::word:
    return "word";
  case setting_type::text_list:
    return "list of text";
  }
  return "";
}

// `quote` stands around each word.
std::string type_of(const setting_info& setting, std::string_view quote) {
  if (setting.type != setting_type::word) return std::string{word_of(setting.type)};
  std::string out;
  for (const auto& word : setting.words) {
    out.append(out.empty() ? "" : ", ").append(quote).append(word).append(quote);
  }
  return out;
}

std::string standard_of(const setting_info& setting) {
  return setting.is_required ? "required" : setting.standard;
}

// What it reads and writes, as its pool says it.
std::string ends_of(const builtin_info& one) {
  const auto type = [](const std::string& name) { return name.empty() ? "any" : name; };
  std::string out;
  if (one.role != worker_role::source) out = "input: " + type(one.input_type);
  if (one.role == worker_role::sink) return out;
  return out + (out.empty() ? "" : ", ") + "output: " + type(one.output_type);
}

} // namespace

std::string describe_builtins() {
  std::string out;
  for (const auto& one : builtins()) {
    out += "## `" + one.name + "`\n\n" + (one.role == worker_role::aggregation ? "An " : "A ") +
           std::string{to_string(one.role)} + " (" + ends_of(one) + "): " + one.summary + ".";
    if (one.is_single) out += " It works alone: `replicas` is 1.";
    if (one.is_in_host) {
      out += " It runs in the host, without a process of its own, and once in a file.";
    }
    out += "\n\n";
    if (one.settings.empty()) continue;
    out += "| key | type | default | what it does |\n|---|---|---|---|\n";
    for (const auto& key : one.settings) {
      out += "| `" + key.name + "` | " + type_of(key, "`") + " | " + standard_of(key) + " | " +
             key.help + " |\n";
    }
    out += "\n";
  }
  return out;
}

std::string list_builtins(std::string_view name) {
  std::string out;
  for (const auto& one : builtins()) {
    if (!name.empty() && one.name != name) continue;
    out += one.name + " (" + std::string{to_string(one.role)} + "; " + ends_of(one) + ")\n    " +
           one.summary + "\n";
    for (const auto& key : one.settings) {
      const auto standard = standard_of(key);
      out += "    " + key.name + ": " + type_of(key, "") +
             (standard.empty()  ? ""
              : key.is_required ? " (required)"
                                : " (" + standard + ")") +
             "\n        " + key.help + "\n";
    }
  }
  return out;
}

std::string builtins_json(std::string_view name) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& one : builtins()) {
    if (!name.empty() && one.name != name) continue;
    auto keys = nlohmann::ordered_json::array();
    for (const auto& key : one.settings) {
      nlohmann::ordered_json row{{"name", key.name}, {"type", word_of(key.type)}};
      if (!key.words.empty()) row["words"] = key.words;
      row["required"] = key.is_required;
      if (!key.standard.empty()) row["default"] = key.standard;
      row["help"] = key.help;
      keys.push_back(std::move(row));
    }
    all.push_back({{"name", one.name},
                   {"role", to_string(one.role)},
                   {"input", one.role == worker_role::source ? "" : one.input_type},
                   {"output", one.role == worker_role::sink ? "" : one.output_type},
                   {"single", one.is_single},
                   {"in_host", one.is_in_host},
                   {"summary", one.summary},
                   {"keys", std::move(keys)}});
  }
  return all.dump();
}

} // namespace troupe::actors
