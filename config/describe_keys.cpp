// Part of Troupe; see LICENSE.

#include "troupe/config/keys.hpp"
#include "troupe/config/units.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

std::string as_code(std::string_view text) {
  return '`' + std::string{text} + '`';
}

std::string range_of(const key_row& row) {
  const auto shown = [&](std::int64_t bound) {
    if (row.type == value_type::duration) return format_duration(duration{bound});
    if (row.type == value_type::size) return format_size(static_cast<std::uint64_t>(bound));
    return std::to_string(bound);
  };
  const bool has_min = row.min != no_limit_below;
  if (row.type == value_type::duration && has_min && row.min == 1) return " > 0s";
  if (row.type == value_type::size && has_min && row.min == 1) return " > 0";
  if (!has_min || (row.min == 0 && row.max == no_limit_above)) return {};
  if (row.max == no_limit_above) return " ≥ " + shown(row.min);
  return row.min == row.max ? " = " + shown(row.min) : ' ' + shown(row.min) + ".." + shown(row.max);
}

std::string type_of(const key_row& row) {
  const auto words = words_in(row.words);
  std::string out;
  if (row.type != value_type::word) {
    out = description_of(row.type);
    if (out.starts_with("a ") || out.starts_with("an ")) out.erase(0, out.find(' ') + 1);
    if (const auto example = out.find(" such as"); example != std::string::npos)
      out.resize(example);
    out += range_of(row);
  }
  for (const auto word : words) out += (out.empty() ? "" : ", ") + as_code(word);
  return out;
}

bool has_keys(section in, availability status) {
  return std::any_of(all_keys().begin(), all_keys().end(),
                     [&](const key_row& row) { return row.in == in && row.status == status; });
}

void describe_section(section in, std::string& out) {
  const auto path = path_of(in);
  out += "\n### " + (path.empty() ? "Top level" : as_code(path)) +
         "\n\n| key | type | default | what it does |\n|---|---|---|---|\n";
  for (const auto& row : all_keys()) {
    if (row.in != in || row.status != availability::here) continue;
    const auto standard = row.standard.empty() ? std::string{} : std::string{row.standard};
    out += "| " + as_code(row.name) + " | " + type_of(row) + " | " + standard + " | " +
           std::string{row.help} + " |\n";
  }
}

std::vector<section> sections() {
  std::vector<section> out;
  for (const auto& row : all_keys()) {
    if (std::find(out.begin(), out.end(), row.in) == out.end()) out.push_back(row.in);
  }
  return out;
}

} // namespace

std::string describe_keys() {
  std::string out;
  for (const auto in : sections()) {
    if (has_keys(in, availability::here)) describe_section(in, out);
  }
  out += "\n### Planned\n\nThese are described, but not in this build; a file that uses one gets "
         "T022.\n\n| where | keys |\n|---|---|\n";
  for (const auto in : sections()) {
    std::string names;
    for (const auto& row : all_keys()) {
      if (row.in != in) continue;
      if (row.status == availability::planned)
        names += (names.empty() ? "" : " ") + as_code(row.name);
      for (const auto word : words_in(row.planned_words)) {
        names +=
            (names.empty() ? "" : " ") + as_code(std::string{row.name} + ": " + std::string{word});
      }
    }
    const auto path = path_of(in);
    if (!names.empty())
      out += "| " + (path.empty() ? "top level" : as_code(path)) + " | " + names + " |\n";
  }
  return out + '\n';
}

} // namespace troupe::config
