// Part of Troupe; see LICENSE.

// How a stage applies what its workers answer.

#include "troupe/pipeline/stage.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace troupe::pipeline {
namespace {

constexpr std::uint32_t produce_idle_max = 6; // Pauses of 1 ms, doubled up to 64 ms.
// Saving a table may take a tenth of a worker's time.
constexpr int checkpoint_pause_factor = 9;

// Takes `count` messages off a packed block.
output_block take(bytes_view& block, std::uint32_t count) {
  output_block taken;
  const auto whole = block;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto message = unpack(block);
    if (!message) break; // Cannot happen: the counts were added up.
    ++taken.size.count;
    taken.size.bytes += message->size();
  }
  const auto used = whole.first(whole.size() - block.size());
  taken.bytes.assign(used.begin(), used.end());
  return taken;
}

bool is_sound(const work& item, const commit& value) {
  const auto consumed = value.outputs_of.size();
  if (consumed == 0 || consumed > item.size.count) return false;
  const auto total =
      std::accumulate(value.outputs_of.begin(), value.outputs_of.end(), std::uint64_t{0});
  if (total != value.outputs_size.count || value.state) return false;
  for (const auto& error : value.errors) {
    if (error.index >= consumed || value.outputs_of[error.index] != 0) return false;
    if (value.goes_on && error.index + 1 == consumed) return false;
  }
  return !value.goes_on || !value.cursor.empty();
}

} // namespace

bool stage::apply(slot_state& slot, ledger_entry& job, const answer& value) {
  switch (value.kind) {
  case answer_kind::failed:
    fail(std::string{value.text});
    return true;
  case answer_kind::opened:
    return job.kind == job_kind::open && apply_opened(slot, value.opened);
  case answer_kind::skipped:
    return apply_skipped(slot, job);
  case answer_kind::garbled:
    return false;
  case answer_kind::done:
    break;
  }
  if (job.kind == job_kind::open || !role_) return false;
  if (!value.done.skipped.empty() && *role_ != worker_role::source) return false;
  count(value.done.troubles);
  switch (*role_) {
  case worker_role::transform:
    return job.has_work() ? apply_transform(slot, job, value.done)
                          : apply_last_word(slot, job, value.done);
  case worker_role::source:
    return job.kind == job_kind::produce && apply_source(slot, job, value.done);
  case worker_role::aggregation:
  case worker_role::sink:
    return apply_stateful(slot, job, value.done);
  }
  return false;
}

void stage::count(const trouble_counts& troubles) {
  counters_.lost += troubles.lost;
  counters_.command_restarts += troubles.restarts;
  counters_.protocol_errors += troubles.protocol_errors;
  counters_.surplus += troubles.surplus;
}

bool stage::apply_opened(slot_state& slot, const opened_answer& value) {
  slot.is_opened = true;
  if (role_ && *role_ != value.role) {
    fail("worker '" + spec_.worker.name + "' is a " + std::string{to_string(value.role)} +
         ", not a " + std::string{to_string(*role_)});
    return true;
  }
  role_ = value.role;
  if (value.state && !slot.state) slot.state.emplace(value.state->begin(), value.state->end());
  const bool is_source = value.role == worker_role::source;
  if (is_source != channels_.inputs.empty()) {
    fail(is_source ? "worker '" + spec_.worker.name + "' is a source; remove the pool's input"
                   : "worker '" + spec_.worker.name + "' needs an input channel");
    return true;
  }
  for (auto* const from : channels_.inputs) {
    if (auto same = from->agree(value.input, spec_.name); !same) fail(same.error().message);
  }
  for (auto* const to : channels_.outputs) {
    if (auto same = to->agree(value.output, spec_.name); !same) fail(same.error().message);
  }
  return true;
}

// The session had failed before this job came to its turn.
bool stage::apply_skipped(slot_state& slot, ledger_entry& job) {
  if (slot.is_opened || role_ == worker_role::transform) return false;
  if (job.has_work()) slot.taken_back.push_back(std::move(job.item));
  return true;
}

bool stage::apply_transform(slot_state& slot, ledger_entry& job, const commit& value) {
  auto& item = job.item;
  if (!is_sound(item, value)) return false;
  slot.messages_done += value.outputs_of.size() - (value.goes_on ? 1 : 0);
  slot.has_last_word = spec_.has_last_word;
  sizer_.record(value.outputs_of.size(), value.elapsed);
  ++counters_.commits;
  const bool is_whole = value.outputs_of.size() == item.size.count && value.errors.empty();
  if (!is_whole || value.goes_on || outlet_.can_refuse()) {
    apply_pieces(item, value);
    return true;
  }
  counters_.done += item.size.count;
  const auto count = static_cast<std::uint32_t>(item.size.count);
  if (spec_.order == stage_order::any) {
    give(value.outputs, value.outputs_size);
  } else if (order_.pass(item.first, count)) {
    give(value.outputs, value.outputs_size);
    finish_input(0, 0, {});
  } else {
    output_block held{{value.outputs.begin(), value.outputs.end()}, value.outputs_size};
    finish_input(item.first, count, std::move(held));
  }
  recycle(item);
  return true;
}

// A transform has said what was left to say; it may go on with other messages.
bool stage::apply_last_word(slot_state& slot, const ledger_entry& job, const commit& value) {
  if (job.kind != job_kind::finish || value.outputs_size.count > 0) return false;
  if (!value.errors.empty() || !value.outputs_of.empty()) return false;
  slot.is_finish_posted = slot.has_last_word = false;
  return true;
}

// The slow way: each input by itself.
void stage::apply_pieces(work& item, const commit& value) {
  const auto consumed = value.outputs_of.size();
  auto outputs = value.outputs;
  auto error = value.errors.begin();
  std::deque<work> again;
  for (std::size_t i = 0; i < consumed; ++i) {
    auto made = take(outputs, value.outputs_of[i]);
    attempt_failure cause;
    if (error != value.errors.end() && error->index == i) {
      cause.text = error->text;
      cause.is_final = error->is_final;
      cause.attempts = error->attempts;
      ++error;
    } else if (auto* const full = made.size.count > 0 ? outlet_.refusing(made.size) : nullptr) {
      full->note_rejected();
      cause.text = "channel '" + full->spec().name + "' is full (when_full: reject)";
    } else if (value.goes_on && i + 1 == consumed) {
      auto rest = slice(item, i, i + 1);
      rest.cursor = value.cursor;
      rest.attempts = 0; // It got on.
      if (spec_.order == stage_order::any) {
        give(made);
      } else {
        order_.extend(rest.first, std::move(made));
        finish_input(0, 0, {});
      }
      again.push_back(std::move(rest));
      continue;
    } else {
      ++counters_.done;
      finish_input(item.first + i, 1, std::move(made));
      continue;
    }
    ++counters_.errors;
    fail_attempt(slice(item, i, i + 1), cause, again);
  }
  if (consumed < item.size.count) again.push_back(slice(item, consumed, item.size.count));
  give_back(std::move(again));
}

bool stage::apply_source(slot_state& slot, const ledger_entry& job, const commit& value) {
  slot.produce_asked -= std::min(slot.produce_asked, job.asked);
  if (!value.errors.empty()) {
    ++counters_.errors;
    slot.close_session();
    const auto failures = ++slot.produce_failures;
    if (failures >= spec_.retry.max_attempts) {
      fail("the source failed " + std::to_string(failures) +
           " times in a row: " + std::string{value.errors.front().text});
    }
    slot.open_not_before = now_ + spec_.retry.pause_after(failures, counters_.errors);
    return true;
  }
  if (!value.state || !value.outputs_of.empty()) return false;
  slot.produce_failures = 0;
  const bool is_idle = value.outputs_size.count == 0 && value.skipped.empty();
  slot.produce_idle = is_idle ? std::min(slot.produce_idle + 1, produce_idle_max + 1) : 0;
  slot.produce_not_before = {};
  if (is_idle) {
    slot.produce_not_before = now_ + std::chrono::milliseconds{1 << (slot.produce_idle - 1)};
  }
  slot.is_finished = value.has_ended;
  commit_state(slot, value);
  for (const auto& item : value.skipped) {
    attempt_failure cause;
    cause.text = item.why;
    dead_letter(detail::as_bytes(item.what), 1, cause);
  }
  return true;
}

bool stage::apply_stateful(slot_state& slot, ledger_entry& job, const commit& value) {
  if (!job.has_work()) {
    if (!value.state || !value.errors.empty()) return false;
    slot.is_checkpoint_posted = slot.is_checkpoint_posted && job.kind != job_kind::checkpoint;
    const bool is_finish = job.kind == job_kind::finish;
    slot.is_finished = slot.is_finished || (is_finish && !slot.is_flush_posted);
    if (is_finish) slot.given = slot.got = 0;
    // Its time comes from the worker, so it is bounded: a lie may delay checkpoints, not stop them.
    const auto cost = std::min<duration>(value.elapsed, std::chrono::seconds{1});
    slot.checkpoint_not_before = now_ + cost * checkpoint_pause_factor;
    commit_state(slot, value);
    return true;
  }
  if (!value.errors.empty()) return apply_failed_batch(slot, std::move(job.item), value);
  if (value.outputs_of.size() != job.item.size.count) return false;
  if (!value.state && value.outputs_size.count > 0) return false;
  sizer_.record(job.item.size.count, value.elapsed);
  slot.messages_done += job.item.size.count;
  if (spec_.is_at_most_once) count_filter(slot, job.item.size.count, value);
  slot.uncommitted_messages += job.item.size.count;
  slot.uncommitted_bytes += job.item.size.bytes;
  if (!slot.uncommitted_since) slot.uncommitted_since = now_;
  slot.uncommitted.push_back(std::move(job.item));
  if (value.state) commit_state(slot, value);
  return true;
}

// When the filter has died inside the worker, the worker has told what was lost.
void stage::count_filter(slot_state& slot, std::size_t given, const commit& value) {
  if (value.troubles.restarts > 0) slot.given = slot.got = 0;
  slot.given += given;
  slot.got += value.outputs_size.count;
}

// A message threw, and the worker has thrown its object away: everything since the last state is
// done again, the message in question by itself.
bool stage::apply_failed_batch(slot_state& slot, work item, const commit& value) {
  const auto& error = value.errors.front();
  const auto count = item.size.count;
  if (value.errors.size() != 1 || value.state || error.index >= count) return false;
  ++counters_.errors;
  slot.messages_done += error.index + 1;
  slot.close_session();
  auto again = std::exchange(slot.uncommitted, {});
  slot.uncommitted_messages = slot.uncommitted_bytes = 0;
  slot.uncommitted_since.reset();
  if (error.index > 0) again.push_back(slice(item, 0, error.index));
  attempt_failure cause;
  cause.text = error.text;
  cause.is_final = error.is_final;
  fail_attempt(slice(item, error.index, error.index + 1), cause, again);
  if (error.index + 1 < count) again.push_back(slice(item, error.index + 1, count));
  slot.taken_back = std::move(again);
  return true;
}

void stage::commit_state(slot_state& slot, const commit& value) {
  ++counters_.commits;
  slot.speed_up(std::max<std::size_t>(spec_.checkpoint.messages, batch_messages_max));
  slot.state.emplace(value.state->begin(), value.state->end());
  counters_.done += slot.uncommitted_messages;
  for (auto& item : slot.uncommitted) recycle(item);
  slot.uncommitted.clear();
  slot.uncommitted_messages = slot.uncommitted_bytes = 0;
  slot.uncommitted_since.reset();
  give(value.outputs, value.outputs_size);
}

void stage::finish_input(std::uint64_t first, std::uint32_t count, output_block outputs) {
  if (spec_.order == stage_order::any || role_ != worker_role::transform) return give(outputs);
  if (count > 0) order_.complete(first, count, std::move(outputs));
  output_block ready;
  while (order_.release(ready)) give(ready);
}

void stage::give(bytes_view block, packed_size size) {
  counters_.out += size.count;
  outlet_.give(block, size, [this](bytes_view message, const channel& refused_by) {
    attempt_failure cause;
    cause.text = "a message of " + std::to_string(message.size()) +
                 " bytes is larger than max_message_bytes of channel '" + refused_by.spec().name +
                 "' (" + std::to_string(refused_by.spec().max_message_bytes) + ")";
    dead_letter(message, 1, cause);
  });
}

} // namespace troupe::pipeline
