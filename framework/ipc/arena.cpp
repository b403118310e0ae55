// Part of Troupe; see LICENSE.

#include "troupe/ipc/arena.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <bit>

namespace troupe::ipc {

namespace {

// A block freed just now lies in the caches of the core that read it; one freed a little earlier is
// cheaper to write, and one freed long ago has left all caches.
constexpr std::size_t rest_blocks = 3;
// Large blocks kept for the next of their size: more than the tasks that workers have in hand.
constexpr std::size_t large_kept_max = 32;
constexpr std::size_t page_bytes = 4096;
// Small blocks have this many sizes between one power of two and the next.
constexpr std::size_t steps_per_octave = 8;

// @pre `unit` is a power of two
constexpr std::size_t round_up(std::size_t value, std::size_t unit) noexcept {
  return (value + unit - 1) & ~(unit - 1);
}

} // namespace

arena::arena(std::size_t capacity_bytes) : capacity_bytes_{capacity_bytes} {
  if (capacity_bytes > 0) add_run(0, capacity_bytes);
}

std::size_t arena::least_bytes(std::size_t size_bytes) const noexcept {
  const auto wanted = std::max<std::size_t>(size_bytes, 1);
  // The last unit of the region may be cut short.
  return capacity_bytes_ - wanted < block_bytes_min ? capacity_bytes_
                                                    : round_up(wanted, block_bytes_min);
}

std::size_t arena::usual_bytes(std::size_t size_bytes) const noexcept {
  const auto least = least_bytes(size_bytes);
  if (size_bytes > small_bytes_max) return std::min(round_up(least, page_bytes), capacity_bytes_);
  const auto units = round_up(least, block_bytes_min) / block_bytes_min;
  const auto step =
      units <= 2 * steps_per_octave ? 1 : std::bit_floor(units - 1) / steps_per_octave;
  return std::min(round_up(units, step) * block_bytes_min, capacity_bytes_);
}

std::optional<std::uint64_t> arena::allocate(std::size_t size_bytes) {
  if (size_bytes > free_bytes()) return std::nullopt;
  auto block = usual_bytes(size_bytes);
  auto offset = take_kept(block);
  if (offset == nowhere) offset = cut_for(size_bytes, block);
  if (offset == nowhere) return std::nullopt;
  ++in_use_;
  used_bytes_ += block;
  return offset;
}

// Where none of the usual size is kept. `block` becomes what it takes in the end.
std::uint64_t arena::cut_for(std::size_t size_bytes, std::size_t& block) {
  auto offset = cut(block);
  if (offset == nowhere && kept_ > 0) {
    join_all();
    offset = cut(block);
  }
  if (offset == nowhere && block > least_bytes(size_bytes)) {
    block = least_bytes(size_bytes);
    offset = cut(block);
    if (offset != nowhere) unusual_.emplace(offset, std::vector{piece{offset, block}});
  }
  return offset;
}

bool arena::has_room_for(std::size_t size_bytes, std::size_t header_bytes) {
  size_bytes = std::max<std::size_t>(size_bytes, 1);
  if (size_bytes > free_bytes()) return false;
  const auto is_cut_from = [&] {
    if (!sizes_.empty() && sizes_.rbegin()->first >= least_bytes(size_bytes)) return true;
    // A run too short for its header is of no use; there is one at most, at the end.
    const auto lost = runs_.size() * header_bytes + capacity_bytes_ % block_bytes_min;
    return kept_ == 0 && free_bytes() >= lost && free_bytes() - lost >= size_bytes;
  };
  if (is_cut_from()) return true;
  if (kept_ == 0) return false;
  join_all();
  return is_cut_from();
}

std::vector<arena::piece> arena::allocate_pieces(std::size_t size_bytes, std::size_t header_bytes) {
  join_all();
  std::vector<piece> pieces;
  std::size_t left = std::max<std::size_t>(size_bytes, 1);
  for (auto run = sizes_.rbegin(); left > 0 && run != sizes_.rend(); ++run) {
    const auto [bytes, offset] = *run;
    if (bytes <= header_bytes) break;
    const auto taken = std::min(bytes, round_up(left + header_bytes, block_bytes_min));
    pieces.push_back({offset, taken});
    left -= std::min(left, taken - header_bytes);
  }
  if (left > 0) return {};
  for (const auto& each : pieces) {
    const auto run = runs_.find(each.offset);
    const auto rest = run->second - each.size_bytes;
    remove_run(run);
    if (rest > 0) add_run(each.offset + each.size_bytes, rest);
    used_bytes_ += each.size_bytes;
  }
  ++in_use_;
  unusual_.emplace(pieces.front().offset, pieces);
  return pieces;
}

void arena::release(std::uint64_t offset, std::size_t size_bytes) {
  TROUPE_ASSERT(in_use_ > 0);
  --in_use_;
  if (!unusual_.empty()) {
    if (const auto found = unusual_.find(offset); found != unusual_.end()) {
      for (const auto& each : found->second) {
        used_bytes_ -= each.size_bytes;
        join(each.offset, each.size_bytes);
      }
      unusual_.erase(found);
      return;
    }
  }
  const auto block = usual_bytes(size_bytes);
  used_bytes_ -= block;
  keep(offset, block);
}

std::uint64_t arena::take_kept(std::size_t block_bytes) {
  if (kept_ == 0 || block_bytes % block_bytes_min != 0) return nowhere;
  if (block_bytes <= small_bytes_max) {
    auto& kept = small_[block_bytes / block_bytes_min];
    if (kept.empty()) return nowhere;
    const auto at = kept.size() - std::min(kept.size(), rest_blocks);
    const auto offset = kept[at];
    for (auto i = at; i + 1 < kept.size(); ++i) kept[i] = kept[i + 1]; // Two at most.
    kept.pop_back();
    --kept_;
    return offset;
  }
  auto chosen = large_.size();
  std::size_t seen = 0;
  for (auto i = large_.size(); i-- > 0 && seen < rest_blocks;) {
    if (large_[i].size_bytes != block_bytes) continue;
    chosen = i;
    ++seen;
  }
  if (chosen == large_.size()) return nowhere;
  const auto offset = large_[chosen].offset;
  large_.erase(large_.begin() + static_cast<std::ptrdiff_t>(chosen));
  --kept_;
  return offset;
}

// From the smallest run that will do, at its start: large ones stay for what needs them.
std::uint64_t arena::cut(std::size_t block_bytes) {
  const auto found = sizes_.lower_bound({block_bytes, 0});
  if (found == sizes_.end()) return nowhere;
  const auto [size, offset] = *found;
  remove_run(runs_.find(offset));
  if (size > block_bytes) add_run(offset + block_bytes, size - block_bytes);
  return offset;
}

void arena::keep(std::uint64_t offset, std::size_t block_bytes) {
  if (block_bytes % block_bytes_min != 0) return join(offset, block_bytes); // The whole region.
  ++kept_;
  if (block_bytes <= small_bytes_max) {
    small_[block_bytes / block_bytes_min].push_back(offset);
    return;
  }
  large_.push_back({offset, block_bytes});
  if (large_.size() <= large_kept_max) return;
  const auto oldest = large_.front();
  large_.erase(large_.begin());
  --kept_;
  join(oldest.offset, oldest.size_bytes);
}

void arena::join(std::uint64_t offset, std::size_t block_bytes) {
  auto next = runs_.lower_bound(offset);
  if (next != runs_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      block_bytes += before->second;
      remove_run(before);
    }
  }
  if (next != runs_.end() && offset + block_bytes == next->first) {
    block_bytes += next->second;
    remove_run(next);
  }
  add_run(offset, block_bytes);
}

void arena::join_all() {
  if (kept_ == 0) return;
  for (std::size_t units = 0; units < small_.size(); ++units) {
    for (const auto offset : small_[units]) join(offset, units * block_bytes_min);
    small_[units].clear();
  }
  for (const auto& each : large_) join(each.offset, each.size_bytes);
  large_.clear();
  kept_ = 0;
}

void arena::add_run(std::uint64_t offset, std::size_t size_bytes) {
  runs_.emplace(offset, size_bytes);
  sizes_.emplace(size_bytes, offset);
}

void arena::remove_run(std::map<std::uint64_t, std::size_t>::iterator run) {
  sizes_.erase({run->second, run->first});
  runs_.erase(run);
}

} // namespace troupe::ipc
