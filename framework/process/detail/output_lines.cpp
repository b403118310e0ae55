// Part of Troupe; see LICENSE.

#include "troupe/process/detail/output_lines.hpp"

#include <utility>

namespace troupe::detail {

void output_lines::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = line_bytes_max_ - partial_.size();
    // One more than fits may be the line's end.
    const auto end = bytes.substr(0, room + 1).find('\n');
    if (end != std::string_view::npos) {
      give(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
    } else if (bytes.size() > room) {
      give(bytes.substr(0, room));
      bytes.remove_prefix(room);
    } else {
      partial_ += bytes;
      return;
    }
  }
}

void output_lines::finish() {
  if (!partial_.empty()) give({});
}

void output_lines::give(std::string_view rest) {
  if (partial_.empty()) return on_line_(rest);
  const auto line = std::exchange(partial_, {}) + std::string{rest};
  on_line_(line);
}

} // namespace troupe::detail
