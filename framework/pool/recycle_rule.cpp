// Part of Troupe; see LICENSE.

#include "troupe/pool/recycle_rule.hpp"

#include <algorithm>

namespace troupe::recycle_rule {

namespace {

// Leaves 0, which means no limit, and at least 1 of all else. `part` is 0 .. 1.
std::uint64_t reduce(std::uint64_t limit, double part) noexcept {
  if (limit == 0 || part <= 0.0) return limit;
  // The subtraction keeps a limit exact that a double could not hold.
  const auto less = static_cast<double>(limit) * std::min(part, 1.0);
  if (less >= static_cast<double>(limit)) return 1;
  return std::max<std::uint64_t>(limit - static_cast<std::uint64_t>(less), 1);
}

} // namespace

recycle_spec spread(const recycle_spec& limits, std::size_t slot, std::size_t slots) noexcept {
  auto out = limits;
  out.jitter = 0.0;
  if (slots == 0) return out;
  const auto part = limits.jitter * static_cast<double>(slot) / static_cast<double>(slots);
  out.messages_max = reduce(limits.messages_max, part);
  out.memory_max_bytes = reduce(limits.memory_max_bytes, part);
  if (limits.age_max > duration::zero()) {
    const auto age = reduce(static_cast<std::uint64_t>(limits.age_max.count()), part);
    out.age_max = duration{static_cast<duration::rep>(age)};
  }
  return out;
}

std::optional<end_reason> reached(const recycle_spec& limits, const worker_use& use) noexcept {
  if (limits.messages_max > 0 && use.messages >= limits.messages_max) {
    return end_reason::max_messages;
  }
  if (limits.age_max > duration::zero() && use.age >= limits.age_max) return end_reason::max_age;
  if (limits.memory_max_bytes > 0 && use.memory_bytes > limits.memory_max_bytes) {
    return end_reason::max_memory;
  }
  return std::nullopt;
}

bool has_to_look(const recycle_spec& limits) noexcept {
  return limits.age_max > duration::zero() || limits.memory_max_bytes > 0;
}

} // namespace troupe::recycle_rule
