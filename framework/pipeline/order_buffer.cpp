// Part of Troupe; see LICENSE.

#include "troupe/pipeline/order_buffer.hpp"

#include "troupe/base/assert.hpp"

#include <utility>

namespace troupe::pipeline {
namespace {

void append(output_block& to, output_block from) {
  if (to.bytes.empty()) {
    to = std::move(from);
    return;
  }
  if (from.bytes.empty()) return;
  to.bytes.insert(to.bytes.end(), from.bytes.begin(), from.bytes.end());
  to.size.count += from.size.count;
  to.size.bytes += from.size.bytes;
}

} // namespace

void order_buffer::complete(std::uint64_t first, std::uint32_t count, output_block outputs) {
  TROUPE_ASSERT(first >= next_ && count > 0);
  auto& held = held_[first];
  TROUPE_ASSERT(held.count == 0);
  held.count = count;
  held_bytes_ += outputs.bytes.size();
  append(held.outputs, std::move(outputs));
}

bool order_buffer::pass(std::uint64_t first, std::uint32_t count) {
  if (first != next_ || held_.contains(first)) return false;
  next_ += count;
  return true;
}

void order_buffer::extend(std::uint64_t sequence, output_block outputs) {
  TROUPE_ASSERT(sequence >= next_);
  held_bytes_ += outputs.bytes.size();
  append(held_[sequence].outputs, std::move(outputs));
}

bool order_buffer::release(output_block& into) {
  const auto first = held_.begin();
  if (first == held_.end() || first->first != next_) return false;
  into = std::move(first->second.outputs);
  held_bytes_ -= into.bytes.size();
  next_ += first->second.count;
  held_.erase(first);
  return true;
}

std::size_t order_buffer::held_outputs() const noexcept {
  std::size_t count = 0;
  for (const auto& [first, held] : held_) count += held.outputs.size.count;
  return count;
}

} // namespace troupe::pipeline
