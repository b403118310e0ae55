// Part of Troupe; see LICENSE.

#include "troupe/base/worker_text.hpp"

namespace troupe::text {

std::string expand_for_worker(std::string_view text,
                              const std::map<std::string, std::string>& values) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('}');
    if (text.starts_with(escaped_worker_reference)) {
      out += worker_reference;
      text.remove_prefix(escaped_worker_reference.size());
    } else if (text.starts_with(worker_reference) && end != std::string_view::npos) {
      const auto found = values.find(std::string{text.substr(2, end - 2)});
      if (found != values.end()) out += found->second;
      text.remove_prefix(end + 1);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

void expand_each_for_worker(std::map<std::string, std::string>& values) {
  const auto names = values;
  for (auto& [key, value] : values) value = expand_for_worker(value, names);
}

std::string guarded_for_worker(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.starts_with(worker_reference)) out += '$';
    out += text[0];
  }
  return out;
}

} // namespace troupe::text
