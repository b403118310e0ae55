// Part of Troupe; see LICENSE.

// What a stage does about messages whose attempt failed.

#include "troupe/pipeline/stage.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pipeline {

bool stage::may_retry(std::uint32_t attempts, const attempt_failure& cause) const {
  if (cause.is_final || attempts >= spec_.retry.max_attempts) return false;
  switch (cause.kind) {
  case attempt_failure::how::error:
    return spec_.retry.on_error;
  case attempt_failure::how::timeout:
    return spec_.retry.on_timeout;
  case attempt_failure::how::worker_lost:
    return spec_.retry.on_worker_lost;
  }
  return false;
}

// Counts an attempt of each message of `item`. They are tried again one by one, so that the one
// that kills its workers is found and the others live on.
void stage::fail_attempt(work item, const attempt_failure& cause, std::deque<work>& again) {
  // The worker says how many; a lie may bury the message earlier, not keep it for ever.
  item.attempts += std::clamp<std::uint32_t>(cause.attempts, 1, spec_.retry.max_attempts);
  if (!may_retry(item.attempts, cause)) return bury(item, cause);
  const auto count = item.size.count;
  counters_.retries += count;
  // A worker that died once may have died of anything; only a second death makes the message wait.
  const bool is_first_death =
      cause.kind != attempt_failure::how::error && (count > 1 || item.attempts == 1);
  const auto pause =
      is_first_death ? duration::zero() : spec_.retry.pause_after(item.attempts, item.first);
  if (count == 1) {
    item.not_before = now_ + pause;
    again.push_back(std::move(item));
  } else {
    split(item, again);
  }
}

// Takes back a job that has no answer. Only what the worker had begun counts as an attempt.
void stage::reclaim(ledger_entry entry, const attempt_failure& cause, bool is_forgiven,
                    std::deque<work>& again) {
  if (!entry.has_work()) return;
  if (entry.is_suspect && !is_forgiven) return fail_attempt(std::move(entry.item), cause, again);
  again.push_back(std::move(entry.item));
}

// The worker had a filter inside. What that was given, also of a job that the worker had only
// begun, cannot be given again; what it may not have done is counted.
void stage::lose_filter(const slot_state& slot, std::deque<ledger_entry>& left,
                        const exit_record& record) {
  auto lost = doubtful_messages(slot.given, slot.got);
  for (auto& entry : left) {
    if (!entry.is_suspect || !entry.has_work()) continue;
    lost += entry.item.size.count;
    entry.kind = job_kind::checkpoint; // No work any more.
  }
  if (lost == 0) return;
  counters_.lost += lost;
  observer_->on_notice(spec_.name, "worker " + std::to_string(slot.link.slot().value) + " ended (" +
                                       to_string(record.status) + "), and up to " +
                                       std::to_string(lost) +
                                       " messages that its command had are lost (mode: stream)");
}

// Any worker may have them next; they come before everything new.
void stage::give_back(std::deque<work> items) {
  while (!items.empty()) {
    auto& last = items.back();
    if (last.not_before > now_) {
      const auto due = last.not_before;
      delayed_.emplace(due, std::move(last));
    } else {
      returned_.push_front(std::move(last));
    }
    items.pop_back();
  }
}

void stage::bury(work& item, const attempt_failure& cause) {
  auto rest = item.messages();
  while (const auto message = unpack(rest)) dead_letter(*message, item.attempts, cause);
  // With order: preserve the successors must not wait for what will never come.
  finish_input(item.first, static_cast<std::uint32_t>(item.size.count), {});
}

void stage::dead_letter(bytes_view message, std::uint32_t attempts, const attempt_failure& cause) {
  ++counters_.dead_letters;
  auto* const to = channels_.dead_letter;
  const bool is_json = to != nullptr && to->spec().type == "json";
  std::string record;
  if (is_json) record = dead_letter_record(spec_.name, message, attempts, cause);
  const auto bytes = is_json ? detail::as_bytes(record) : message;
  bool is_kept = to != nullptr;
  // Nobody reads it, so waiting for room would be for ever; the first failures tell the most.
  if (is_kept && !channels_.is_dead_letter_read && !to->accepts({1, bytes.size()})) is_kept = false;
  if (is_kept) {
    dead_letters_.push(bytes);
    to->pull_from(dead_letters_);
  } else {
    ++counters_.dropped;
  }
  const auto line = dead_letter_line(spec_.name, message, attempts, cause);
  observer_->on_dead_letter(spec_.name, line, is_kept);
}

void stage::replace_worker(slot_state& slot, const std::string& why) {
  ++counters_.protocol_errors;
  slot.is_dying = true;
  observer_->on_notice(spec_.name,
                       "worker " + std::to_string(slot.link.slot().value) + " is replaced: " + why);
  port_->kill(slot.link.slot(), end_reason::protocol_error);
}

void stage::fail(std::string why) {
  if (!failure_) failure_ = failure{errc::broken, "pool '" + spec_.name + "': " + std::move(why)};
}

} // namespace troupe::pipeline
