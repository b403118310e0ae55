// Part of Troupe; see LICENSE.

// How a stage gives work to its slots.

#include "troupe/pipeline/stage.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace troupe::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t in_flight_default = 2 * batch_messages_max;
// The second job is there when the first is done; more would only make retries larger.
constexpr std::size_t jobs_per_slot = 2;
// Replayed messages may come one by one; the ring should not run dry.
constexpr std::size_t replayed_jobs_per_slot = 16;
// With order: preserve, inputs between the oldest unfinished one and the newest.
constexpr std::uint64_t order_window_max = 64 * 1024;
constexpr std::size_t order_bytes_max = 64 * 1024 * 1024;
// Messages that wait for the end of their pause; while there are more, nothing new is taken.
constexpr std::size_t delayed_max = 4096;
constexpr std::size_t produce_batch = 1024;
// A worker answers after this long, even in the middle of a batch that was thought to be cheap.
constexpr milliseconds slice_max{20};

std::uint32_t slice_us(const stage_spec& spec) {
  duration slice = slice_max;
  if (spec.message_timeout) slice = std::min(slice, *spec.message_timeout / 2);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(slice).count();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(us, 1));
}

} // namespace

// A fresh worker, and one whose session failed, begins with the last committed state.
void stage::open_slots() {
  for (auto& slot : slots_) {
    const bool is_due = slot.link.is_attached() && !slot.is_open_posted && !slot.is_dying &&
                        !slot.is_finished && slot.link.is_idle() && slot.open_not_before <= now_;
    if (!is_due) continue;
    std::move(slot.replay.begin(), slot.replay.end(), std::back_inserter(slot.taken_back));
    slot.replay = std::exchange(slot.taken_back, {});
    std::vector<std::byte> job;
    encode(job, open_job{spec_.worker.name, spec_.worker.module, spec_.worker.config_json,
                         spec_.name, slot.link.slot().value, slice_us(spec_), slot.state,
                         spec_.worker.config_places_json});
    slot.link.enqueue(job_kind::open, std::move(job));
    slot.is_open_posted = true;
    slot.link.flush(*port_);
  }
}

// Slots with the fewest jobs come first.
bool stage::feed() {
  bool moved = false;
  for (std::size_t depth = 0; depth < jobs_per_slot; ++depth) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      auto& slot = slots_[(turn_ + i) % slots_.size()];
      if (!slot.can_work() || slot.is_finish_posted || slot.is_flush_posted ||
          slot.link.jobs() > depth) {
        continue;
      }
      if (depth > 0 && sizer_.is_expensive()) continue;
      moved = feed_slot(slot) || moved;
    }
  }
  turn_ = slots_.empty() ? 0 : (turn_ + 1) % slots_.size();
  return moved;
}

bool stage::feed_slot(slot_state& slot) {
  bool moved = false;
  switch (*role_) {
  case worker_role::source:
    moved = !slot.is_held && ask_source(slot);
    break;
  case worker_role::transform:
    moved = !slot.is_held && feed_transform(slot);
    break;
  case worker_role::aggregation:
  case worker_role::sink:
    moved = feed_stateful(slot);
    break;
  }
  if (moved) {
    slot.link.flush(*port_);
    slot.link.note_time(now_);
  }
  return moved;
}

bool stage::feed_transform(slot_state& slot) {
  const auto allowed = credit(slot);
  if (allowed == 0) return false;
  auto item = next_work(allowed);
  if (!item) return false;
  slot.link.enqueue(*std::move(item));
  return true;
}

bool stage::feed_stateful(slot_state& slot) {
  if (!slot.replay.empty()) return send_replay(slot);
  const auto allowed = std::min(credit(slot), slot.pace_left());
  if (slot.is_held || allowed == 0) return false;
  if (slot.uncommitted_bytes >= slot_state::uncommitted_bytes_max) return false;
  auto item = fresh_work(allowed);
  if (!item) return false;
  slot.link.enqueue(*std::move(item));
  return true;
}

// In the same order as before. A message that pauses holds up all behind it.
bool stage::send_replay(slot_state& slot) {
  bool moved = false;
  while (!slot.replay.empty() && slot.link.jobs() < replayed_jobs_per_slot) {
    auto& front = slot.replay.front();
    const auto room = slot.pace_left();
    if (front.not_before > now_ || room == 0) break;
    if (front.size.count > room) {
      slot.link.enqueue(slice(front, 0, room));
      front = slice(front, room, front.size.count);
    } else {
      slot.link.enqueue(std::move(front));
      slot.replay.pop_front();
    }
    moved = true;
  }
  return moved;
}

bool stage::ask_source(slot_state& slot) {
  if (is_stopping_ || !outlet_.is_clear() || slot.produce_not_before > now_) return false;
  if (!dead_letters_.is_empty()) return false;
  const auto free = outlet_.room() - std::min(outlet_.room(), slot.produce_asked);
  if (free < outlet_.room_min()) return false;
  const auto room = std::min(free, produce_batch);
  slot.produce_asked += room;
  slot.link.enqueue(job_kind::produce, encode_produce({room, batch_bytes_max}), room);
  return true;
}

// Messages that the slot may still be given, for one job.
std::size_t stage::credit(const slot_state& slot) const {
  const std::size_t limit = spec_.max_in_flight == 0 ? in_flight_default : spec_.max_in_flight;
  if (slot.link.messages() >= limit) return 0;
  const auto per_job = std::max<std::size_t>(limit / jobs_per_slot, 1);
  return std::min<std::size_t>(
      {limit - slot.link.messages(), per_job, sizer_.limit().count, slot.quota_left()});
}

std::optional<work> stage::next_work(std::size_t credit) {
  if (const auto due = delayed_.begin(); due != delayed_.end() && due->first <= now_) {
    auto item = std::move(due->second);
    delayed_.erase(due);
    return item;
  }
  if (!returned_.empty()) return returned_work(credit);
  return fresh_work(credit);
}

// A batch that turned out to be costly is given out in smaller pieces.
work stage::returned_work(std::size_t credit) {
  auto& front = returned_.front();
  const auto count = sizer_.share(credit, front.size.count, slots_.size());
  if (count < front.size.count) {
    auto piece = slice(front, 0, count);
    front = slice(front, count, front.size.count);
    return piece;
  }
  auto item = std::move(front);
  returned_.pop_front();
  return item;
}

bool stage::takes_fresh() const {
  if (!outlet_.is_clear() || !dead_letters_.is_empty()) return false;
  if (delayed_.size() >= delayed_max) return false;
  if (spec_.order == stage_order::any) return true;
  return next_sequence_ - order_.next() < order_window_max && order_.held_bytes() < order_bytes_max;
}

std::optional<work> stage::fresh_work(std::size_t credit) {
  if (!takes_fresh()) return std::nullopt;
  for (std::size_t i = 0; i < channels_.inputs.size(); ++i) {
    auto& from = *channels_.inputs[(input_turn_ + i) % channels_.inputs.size()];
    if (from.is_empty()) continue;
    input_turn_ = (input_turn_ + i + 1) % channels_.inputs.size();
    work item;
    if (!spare_.empty()) {
      item.job = std::move(spare_.back());
      spare_.pop_back();
    }
    item.size =
        from.peek({sizer_.share(credit, from.size().count, slots_.size()), sizer_.limit().bytes});
    item.first = next_sequence_;
    next_sequence_ += item.size.count;
    counters_.in += item.size.count;
    begin_batch(item.job);
    from.pop_to(item.job, item.size);
    finish_batch(item.job, static_cast<std::uint32_t>(item.size.count));
    return item;
  }
  return std::nullopt;
}

} // namespace troupe::pipeline
