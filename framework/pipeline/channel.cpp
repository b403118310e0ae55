// Part of Troupe; see LICENSE.

#include "troupe/pipeline/channel.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pipeline {

std::string_view to_string(when_full policy) noexcept {
  switch (policy) {
  case when_full::block:
    return "block";
  case when_full::drop_newest:
    return "drop_newest";
  case when_full::drop_oldest:
    return "drop_oldest";
  case when_full::reject:
    return "reject";
  }
  return "?";
}

channel::channel(channel_spec spec) : spec_{std::move(spec)} {
  TROUPE_ASSERT(spec_.capacity > 0);
}

channel_counters channel::counters() const noexcept {
  auto now = counters_;
  now.depth = fifo_.size().count;
  now.bytes = fifo_.size().bytes;
  return now;
}

std::size_t channel::room() const noexcept {
  const auto size = fifo_.size();
  if (drops()) return spec_.capacity;
  if (size.count >= spec_.capacity || size.bytes >= spec_.max_bytes) return 0;
  return spec_.capacity - size.count;
}

bool channel::accepts(packed_size more) const noexcept {
  const auto size = fifo_.size();
  if (size.count + more.count > spec_.capacity) return false;
  if (size.bytes + more.bytes <= spec_.max_bytes) return true;
  return size.count == 0 && more.count == 1; // Larger than the bound: only alone.
}

push_result channel::push(bytes_view message) {
  const packed_size one{1, message.size()};
  if (!accepts(one)) {
    switch (spec_.policy) {
    case when_full::block:
      return push_result::full;
    case when_full::reject:
      ++counters_.rejected;
      return push_result::rejected;
    case when_full::drop_newest:
      ++counters_.dropped;
      return push_result::dropped;
    case when_full::drop_oldest:
      while (!accepts(one)) {
        fifo_.pop_front();
        ++counters_.dropped;
      }
      break;
    }
  }
  fifo_.push(message);
  ++counters_.pushed;
  note_depth();
  return push_result::accepted;
}

bool channel::push_block(bytes_view block, packed_size size) {
  if (!accepts(size)) return false;
  fifo_.push_block(block, size);
  counters_.pushed += size.count;
  note_depth();
  return true;
}

packed_size channel::pull_from(packed_fifo& from) {
  const auto all = from.size();
  if (all.count == 0) return {};
  if (push_block(from.view(all), all)) {
    from.drop(all);
    return all;
  }
  packed_size taken;
  while (!from.is_empty()) {
    const auto message = from.front();
    if (!drops() && !accepts({1, message.size()})) break;
    push(message);
    ++taken.count;
    taken.bytes += message.size();
    from.pop_front();
  }
  return taken;
}

void channel::pop_to(std::vector<std::byte>& block, packed_size size) {
  fifo_.move_to(block, size);
  counters_.popped += size.count;
}

void channel::pop_front() {
  fifo_.pop_front();
  ++counters_.popped;
}

expected<void> channel::agree(const message_type& type, std::string_view stage) {
  if (type.fingerprint == 0 || type == type_) return {};
  if (type_.fingerprint == 0) {
    type_ = type;
    type_said_by_ = stage;
    return {};
  }
  return failure{errc::bad_argument, "channel '" + spec_.name + "' carries " + type_.name +
                                         " for pool '" + type_said_by_ + "', but " + type.name +
                                         " for pool '" + std::string{stage} +
                                         "'; both must use the same definition of one type"};
}

void channel::remove_producer() noexcept {
  TROUPE_ASSERT(producers_ > 0);
  --producers_;
}

void channel::note_depth() noexcept {
  counters_.depth_max = std::max(counters_.depth_max, fifo_.size().count);
  counters_.bytes_max = std::max(counters_.bytes_max, fifo_.size().bytes);
}

} // namespace troupe::pipeline
