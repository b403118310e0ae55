// Part of Troupe; see LICENSE.

#include "troupe/actors/word_count.hpp"

#include "troupe/ipc/wire.hpp"

#include <algorithm>
#include <utility>

namespace troupe::actors {
namespace {

constexpr std::string_view white_space = " \t\n\v\f\r";

constexpr bool is_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
static_assert(std::all_of(white_space.begin(), white_space.end(), is_space));

using row = std::pair<std::string_view, std::uint64_t>;

} // namespace

void word_count::add(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && is_space(text[at])) ++at;
    const auto begin = at;
    while (at < text.size() && !is_space(text[at])) ++at;
    if (at == begin) return;
    const auto word = text.substr(begin, at - begin);
    const auto found = counts_.find(word);
    if (found != counts_.end()) {
      ++found->second;
    } else {
      counts_.emplace(word, 1);
    }
  }
}

void word_count::emit(emitter& out) const {
  std::vector<row> rows{counts_.begin(), counts_.end()};
  std::sort(rows.begin(), rows.end());
  std::string line;
  for (const auto& [word, count] : rows) {
    line = std::to_string(count);
    line += ' ';
    line += word;
    out.emit(line);
  }
}

std::vector<std::byte> word_count::save() const {
  const std::vector<row> rows{counts_.begin(), counts_.end()};
  return wire::to_bytes(rows);
}

void word_count::load(const std::vector<std::byte>& state) {
  counts_.clear();
  const auto rows = wire::decode<std::vector<row>>(state).value();
  for (const auto& [word, count] : rows) counts_.emplace(word, count);
}

} // namespace troupe::actors
