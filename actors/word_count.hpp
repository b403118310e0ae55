// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pipeline/emitter.hpp"
#include "troupe/pipeline/packed.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::actors {

/// Aggregation: counts the words of its messages, which are parted by white space as the C locale
/// knows it, and gives "COUNT WORD" lines at the end, sorted by the bytes of the word: what
/// `tr -s '[:space:]' '\n' | LC_ALL=C sort | uniq -c` counts, without the padding.
///
/// One worker counts everything. With several, each gives its own counts.
///
/// Lives in: worker. Threads: one owner. Blocks: never.
/// Crash: its table is the state; what was counted since is counted again. Errors: none.
class word_count {
public:
  void add(std::string_view text);
  void emit(emitter& out) const;
  [[nodiscard]] std::vector<std::byte> save() const;
  void load(const std::vector<std::byte>& state);

private:
  struct hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::unordered_map<std::string, std::uint64_t, hash, std::equal_to<>> counts_;
};

} // namespace troupe::actors
