// Part of Troupe; see LICENSE.

#include "troupe/pipeline/stage.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pipeline {

stage::stage(const stage_spec& spec, stage_channels channels, pipeline_observer& observer)
    : spec_{spec}, channels_{std::move(channels)}, observer_{&observer}, role_{spec.role},
      outlet_{channels_.outputs} {
  for (std::uint32_t i = 0; i < spec_.replicas; ++i) slots_.emplace_back(slot_id{i});
  for (auto* const to : channels_.outputs) to->add_producer();
  if (channels_.dead_letter != nullptr) channels_.dead_letter->add_producer();
}

slot_state& stage::at(slot_id slot) {
  while (slots_.size() <= slot.value) {
    slots_.emplace_back(slot_id{static_cast<std::uint32_t>(slots_.size())});
  }
  return slots_[slot.value];
}

void stage::on_attached(slot_id id, incarnation_id) {
  auto& slot = at(id);
  slot.link.attach();
  slot.close_session();
  slot.is_dying = slot.has_timed_out = slot.is_forgiven = slot.is_abandoned = false;
  slot.messages_done = 0;
  slot.has_committed = false;
}

void stage::on_reply(slot_id id, job_id job, reply_kind kind, bytes_view bytes) {
  auto& slot = at(id);
  if (has_ended()) return;
  if (!slot.link.is_attached() || slot.is_dying) {
    ++counters_.late;
    return;
  }
  if (!slot.link.take_reply(job, kind, bytes)) {
    slot.link.suspect_front();
    return replace_worker(slot, "its answer is not of the protocol");
  }
  while (true) {
    ledger_entry entry;
    answer value;
    switch (slot.link.next_answer(entry, value)) {
    case lane::reading::none:
      return;
    case lane::reading::nonsense:
      slot.link.suspect_front();
      return replace_worker(slot, "its answer is not of the protocol");
    case lane::reading::answered:
      break;
    }
    if (!apply(slot, entry, value)) {
      slot.culprit = std::move(entry);
      slot.culprit->is_suspect = true;
      return replace_worker(slot, value.kind == answer_kind::garbled
                                      ? "a job did not reach it as it was sent"
                                      : "its commit does not fit the job");
    }
    if (slot.is_dying || failure_) return;
  }
}

void stage::on_detached(slot_id id, std::optional<job_id> running, const exit_record& record) {
  auto& slot = at(id);
  if (!slot.link.is_attached()) return;
  slot.slow_down();
  auto left = slot.link.detach(running);
  if (slot.culprit) left.push_front(*std::exchange(slot.culprit, std::nullopt));
  if (has_ended()) return slot.close_session(); // Its time has come.
  ++counters_.workers_lost;
  if (spec_.is_at_most_once && !slot.is_finished) lose_filter(slot, left, record);
  slot.close_session();
  slot.open_not_before = {};

  attempt_failure cause;
  cause.kind = attempt_failure::how::worker_lost;
  cause.exit = record;
  if (slot.has_timed_out) {
    cause.kind = attempt_failure::how::timeout;
    cause.text = "no answer within message_timeout";
  }
  auto again = std::exchange(slot.uncommitted, {});
  slot.uncommitted_messages = slot.uncommitted_bytes = 0;
  slot.uncommitted_since.reset();
  std::move(slot.taken_back.begin(), slot.taken_back.end(), std::back_inserter(again));
  slot.taken_back.clear();
  for (auto& entry : left) reclaim(std::move(entry), cause, slot.is_forgiven, again);
  if (role_ == worker_role::transform) return give_back(std::move(again));
  std::move(slot.replay.begin(), slot.replay.end(), std::back_inserter(again));
  slot.replay = std::move(again);
}

void stage::on_abandoned(slot_id id) {
  auto& slot = at(id);
  slot.is_abandoned = true;
  if (has_ended() || slot.is_finished) return;
  const bool is_last = std::all_of(slots_.begin(), slots_.end(),
                                   [](const slot_state& each) { return each.is_abandoned; });
  const bool is_stateless = role_ == worker_role::transform;
  if (is_stateless ? !is_last : false) return;
  fail(is_stateless ? "no worker is left; see why they ended, and 'restart:'"
                    : "its worker was given up, and with it the state it had; see why it ended, "
                      "and 'restart:'");
}

bool stage::advance(time_point now) {
  TROUPE_ASSERT(port_ != nullptr);
  now_ = now;
  if (has_ended()) return false;
  bool moved = outlet_.drain();
  if (!dead_letters_.is_empty() && channels_.dead_letter->pull_from(dead_letters_).count > 0) {
    moved = true;
  }
  if (is_stopping_ && role_ == worker_role::source && !source_due_) {
    source_due_ = now_ + source_grace;
  }
  open_slots();
  moved = feed() || moved;
  for (auto& slot : slots_) {
    conclude_slot(slot);
    if (slot.link.is_attached() && !slot.is_dying) slot.link.flush(*port_);
    check_timeout(slot);
    end_late_source(slot);
  }
  check_end();
  return moved || is_finished_;
}

void stage::hold(slot_id slot, bool is_held) {
  at(slot).is_held = is_held;
}

void stage::forgive(slot_id slot) {
  at(slot).is_forgiven = true;
}

bool stage::is_idle(slot_id id) const {
  if (id.value >= slots_.size()) return true;
  if (has_ended()) return true; // Answers are not even read any more.
  const auto& slot = slots_[id.value];
  if (spec_.is_at_most_once && slot.link.is_attached() && slot.given > 0) return false;
  if (slot.has_last_word) return false;
  return slot.link.is_idle() && slot.uncommitted.empty() && slot.taken_back.empty() &&
         slot.replay.empty();
}

std::uint64_t stage::unfinished() const {
  std::uint64_t count = outlet_.waiting() + dead_letters_.size().count + order_.held_outputs();
  const auto add = [&count](const auto& items) {
    for (const auto& each : items) count += each.size.count;
  };
  add(returned_);
  for (const auto& [due, item] : delayed_) count += item.size.count;
  for (const auto& slot : slots_) {
    count += slot.link.messages();
    add(slot.uncommitted);
    add(slot.taken_back);
    add(slot.replay);
    if (spec_.is_at_most_once) count += doubtful_messages(slot.given, slot.got);
  }
  return count;
}

bool stage::is_busy() const {
  const auto has_jobs = [](const slot_state& slot) { return !slot.link.is_idle(); };
  const auto has_messages = [](const channel* from) { return !from->is_empty(); };
  return unfinished() > 0 ||
         std::any_of(channels_.inputs.begin(), channels_.inputs.end(), has_messages) ||
         std::any_of(slots_.begin(), slots_.end(), has_jobs);
}

void stage::abandon_rest() {
  if (has_ended()) return;
  counters_.lost += unfinished();
  for (auto* const from : channels_.inputs) {
    const auto rest = from->size();
    std::vector<std::byte> ignored;
    if (rest.count > 0) from->pop_to(ignored, rest);
    counters_.lost += rest.count;
  }
  is_given_up_ = true;
}

void stage::set_quota(slot_id slot, std::uint64_t messages) {
  at(slot).quota = messages;
}

std::uint64_t stage::messages_done(slot_id id) const {
  return id.value < slots_.size() ? slots_[id.value].messages_done : 0;
}

stage_counters stage::counters() const {
  auto now = counters_;
  if (is_given_up_) return now;
  for (const auto& slot : slots_) now.in_flight += slot.link.messages() + slot.uncommitted_messages;
  return now;
}

void stage::recycle(work& item) {
  constexpr std::size_t spare_max = 16;
  if (spare_.size() >= spare_max || item.job.capacity() > batch_bytes_max * 2) return;
  item.job.clear();
  spare_.push_back(std::move(item.job));
}

} // namespace troupe::pipeline
