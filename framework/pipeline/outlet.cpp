// Part of Troupe; see LICENSE.

#include "troupe/pipeline/outlet.hpp"

#include <algorithm>
#include <limits>

namespace troupe::pipeline {
namespace {

constexpr std::size_t room_max = 4096; // Of an outlet without channels.
constexpr std::size_t room_min_max = 256;

bool is_oversized(bytes_view block, packed_size size, std::size_t limit) {
  if (size.bytes <= limit) return false; // All together are no more than one may be.
  while (const auto message = unpack(block)) {
    if (message->size() > limit) return true;
  }
  return false;
}

} // namespace

outlet::outlet(std::vector<channel*> channels) {
  for (auto* const to : channels) {
    branches_.push_back({to, {}});
    can_refuse_ = can_refuse_ || to->spec().policy == when_full::reject;
  }
}

void outlet::give(bytes_view block, packed_size size, const oversized& refuse) {
  if (size.count == 0) return;
  for (auto& [to, backlog] : branches_) {
    const auto limit = to->spec().max_message_bytes;
    if (is_oversized(block, size, limit)) {
      auto rest = block;
      while (const auto message = unpack(rest)) {
        if (message->size() <= limit) {
          backlog.push(*message);
        } else {
          refuse(*message, *to);
        }
      }
    } else if (backlog.is_empty() && to->push_block(block, size)) {
      continue;
    } else {
      backlog.push_block(block, size);
    }
    to->pull_from(backlog);
  }
}

bool outlet::drain() {
  bool moved = false;
  for (auto& [to, backlog] : branches_) {
    if (!backlog.is_empty()) moved = to->pull_from(backlog).count > 0 || moved;
  }
  return moved;
}

bool outlet::is_clear() const noexcept {
  return std::all_of(branches_.begin(), branches_.end(),
                     [](const branch& each) { return each.backlog.is_empty(); });
}

std::size_t outlet::room() const noexcept {
  auto room = room_max;
  for (const auto& each : branches_) room = std::min(room, each.to->room());
  return room;
}

std::size_t outlet::room_min() const noexcept {
  auto least = room_min_max;
  for (const auto& each : branches_) least = std::min(least, each.to->spec().capacity / 4);
  return std::max<std::size_t>(least, 1);
}

channel* outlet::refusing(packed_size size) const noexcept {
  for (const auto& [to, backlog] : branches_) {
    if (to->spec().policy != when_full::reject) continue;
    if (!backlog.is_empty() || !to->accepts(size)) return to;
  }
  return nullptr;
}

std::size_t outlet::waiting() const noexcept {
  std::size_t count = 0;
  for (const auto& each : branches_) count += each.backlog.size().count;
  return count;
}

} // namespace troupe::pipeline
