// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/status_query.hpp"

#include <utility>

namespace troupe::detail {
namespace {

std::vector<slot_status> unknown_slots(std::uint32_t replicas) {
  auto slots = std::vector<slot_status>(replicas);
  for (std::uint32_t i = 0; i < replicas; ++i) slots[i].slot = slot_id{i};
  return slots;
}

} // namespace

status_query::status_query(std::uint32_t replicas, receiver_function receiver)
    : slots_{unknown_slots(replicas)}, receiver_{std::move(receiver)} {}

status_query::~status_query() {
  try {
    slots_.with([&](auto& slots) { receiver_(std::move(slots)); });
  } catch (...) {
    // The receiver's own trouble: nobody is left here to hear of it.
  }
}

void status_query::fill(slot_status status) {
  slots_.with([&](auto& slots) {
    const auto place = status.slot.value;
    if (place < slots.size()) slots[place] = std::move(status);
  });
}

} // namespace troupe::detail
