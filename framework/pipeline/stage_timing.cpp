// Part of Troupe; see LICENSE.

// When a stage does something without being told: checkpoints, time limits, the end.

#include "troupe/pipeline/stage.hpp"

#include <algorithm>

namespace troupe::pipeline {
namespace {

// A post that was refused without a reason that we see is tried again after this.
constexpr std::chrono::milliseconds stalled_pause{1};

} // namespace

void stage::conclude_slot(slot_state& slot) {
  if (!slot.can_work() || slot.is_finish_posted || slot.is_flush_posted) return;
  if (role_ == worker_role::source) {
    slot.is_finished = is_stopping_ && slot.link.is_idle();
    return;
  }
  if (role_ == worker_role::transform) return ask_last_word(slot);
  if (have_inputs_ended() && slot.replay.empty() && slot.link.is_idle() && outlet_.is_clear()) {
    slot.link.enqueue(job_kind::finish, encode_bare(job_kind::finish));
    slot.is_finish_posted = true;
  } else if (slot.is_held && slot.given > 0 && slot.replay.empty() && slot.link.is_idle()) {
    // The worker is to end; its filter is asked for what it has left, as at the end of the input.
    slot.link.enqueue(job_kind::finish, encode_bare(job_kind::finish));
    slot.is_flush_posted = true;
  } else {
    ask_checkpoint(slot);
  }
}

// At the end of the input, or before the worker ends.
void stage::ask_last_word(slot_state& slot) {
  const bool is_at_end = have_inputs_ended() && !has_stage_work();
  if (!slot.has_last_word || !slot.link.is_idle() || !(is_at_end || slot.is_held)) return;
  slot.link.enqueue(job_kind::finish, encode_bare(job_kind::finish));
  slot.is_finish_posted = true;
}

// When the slot's table is to be saved; never, when there is nothing to save.
time_point stage::checkpoint_due(const slot_state& slot) const {
  if (slot.uncommitted.empty() || slot.is_checkpoint_posted || slot.is_finish_posted) {
    return time_point::max();
  }
  if (slot.uncommitted_bytes >= slot_state::uncommitted_bytes_max) return now_;
  if (slot.is_held && slot.replay.empty()) return now_; // It is to end, and waits for this only.
  // It has done what it may have, or all there is.
  if (slot.pace > 0) return slot.link.is_idle() ? now_ : time_point::max();
  const bool is_many = slot.uncommitted_messages >= spec_.checkpoint.messages;
  const auto wanted = is_many ? now_ : *slot.uncommitted_since + spec_.checkpoint.period;
  return std::max(wanted, slot.checkpoint_not_before);
}

void stage::ask_checkpoint(slot_state& slot) {
  if (checkpoint_due(slot) > now_) return;
  slot.link.enqueue(job_kind::checkpoint, encode_bare(job_kind::checkpoint));
  slot.is_checkpoint_posted = true;
}

void stage::check_timeout(slot_state& slot) {
  if (!spec_.message_timeout || !slot.link.is_attached() || slot.is_dying) return;
  slot.link.note_time(now_);
  const auto* const front = slot.link.front();
  if (front == nullptr || !front->has_work()) return;
  if (now_ - *slot.link.front_since() < *spec_.message_timeout) return;
  ++counters_.timeouts;
  slot.link.suspect_front();
  slot.is_dying = slot.has_timed_out = true;
  port_->kill(slot.link.slot(), end_reason::message_timeout);
}

void stage::end_late_source(slot_state& slot) {
  const bool is_late = source_due_ && now_ >= *source_due_ && slot.link.is_attached() &&
                       !slot.is_dying && !slot.is_finished;
  if (!is_late) return;
  slot.is_dying = slot.is_forgiven = slot.is_finished = true;
  port_->kill(slot.link.slot(), end_reason::stopped);
}

bool stage::have_inputs_ended() const {
  return std::all_of(channels_.inputs.begin(), channels_.inputs.end(),
                     [](const channel* each) { return each->has_ended(); });
}

bool stage::has_stage_work() const {
  return !returned_.empty() || !delayed_.empty();
}

bool stage::are_slots_done() const {
  if (role_ != worker_role::transform) {
    return std::all_of(slots_.begin(), slots_.end(),
                       [](const slot_state& each) { return each.is_finished; });
  }
  return std::all_of(slots_.begin(), slots_.end(), [](const slot_state& each) {
    return each.link.messages() == 0 && !each.has_last_word;
  });
}

void stage::check_end() {
  if (!role_ || failure_ || !outlet_.is_clear() || !dead_letters_.is_empty()) return;
  if (!have_inputs_ended() || has_stage_work() || !are_slots_done()) return;
  is_finished_ = true;
  for (auto* const to : channels_.outputs) to->remove_producer();
  if (channels_.dead_letter != nullptr) channels_.dead_letter->remove_producer();
  observer_->on_stage_finished(spec_.name);
}

// Only what can then be done: an instant in the past would make the owner spin.
time_point stage::slot_due(const slot_state& slot) const {
  auto due = time_point::max();
  if (!slot.link.is_attached() || slot.is_dying || slot.is_finished) return due;
  const auto consider = [&](time_point when) { due = std::min(due, when); };
  if (slot.link.is_stalled()) consider(now_ + stalled_pause);
  if (!slot.is_open_posted && slot.link.is_idle()) consider(slot.open_not_before);
  if (source_due_) consider(*source_due_);
  if (slot.can_work()) {
    if (role_ == worker_role::source && slot.produce_not_before > now_) {
      consider(slot.produce_not_before);
    }
    if (!slot.replay.empty() && slot.replay.front().not_before > now_) {
      consider(slot.replay.front().not_before);
    }
    consider(checkpoint_due(slot));
  }
  const auto* const front = slot.link.front();
  if (spec_.message_timeout && slot.link.front_since() && front != nullptr && front->has_work()) {
    consider(*slot.link.front_since() + *spec_.message_timeout);
  }
  return due;
}

time_point stage::next_due() const {
  auto due = time_point::max();
  if (has_ended()) return due;
  const auto consider = [&](time_point when) { due = std::min(due, when); };
  if (!delayed_.empty()) consider(std::max(delayed_.begin()->first, now_ + stalled_pause));
  for (const auto& slot : slots_) consider(slot_due(slot));
  return due;
}

} // namespace troupe::pipeline
