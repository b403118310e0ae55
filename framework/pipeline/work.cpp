// Part of Troupe; see LICENSE.

#include "troupe/pipeline/work.hpp"

#include "troupe/base/assert.hpp"

namespace troupe::pipeline {

bytes_view work::message() const {
  TROUPE_ASSERT(is_single());
  auto block = messages();
  return *unpack(block);
}

work slice(const work& whole, std::size_t from, std::size_t to) {
  TROUPE_ASSERT(from < to && to <= whole.size.count);
  work part;
  part.first = whole.first + from;
  part.attempts = whole.attempts;
  part.not_before = whole.not_before;
  part.cursor = whole.cursor;
  begin_batch(part.job);
  auto rest = whole.messages();
  for (std::size_t i = 0; i < to; ++i) {
    const auto message = *unpack(rest);
    if (i < from) continue;
    pack(part.job, message);
    ++part.size.count;
    part.size.bytes += message.size();
  }
  finish_batch(part.job, static_cast<std::uint32_t>(part.size.count));
  return part;
}

void split(const work& whole, std::deque<work>& into) {
  auto rest = whole.messages();
  for (std::size_t i = 0; i < whole.size.count; ++i) {
    const auto message = *unpack(rest);
    work part;
    part.first = whole.first + i;
    part.attempts = whole.attempts;
    part.cursor = whole.cursor;
    part.size = {1, message.size()};
    begin_batch(part.job);
    pack(part.job, message);
    finish_batch(part.job, 1);
    into.push_back(std::move(part));
  }
}

} // namespace troupe::pipeline
