// Part of Troupe; see LICENSE.

// Answers in, work out: the part of pool_core that runs under the lock at every turn.

#include "troupe/base/assert.hpp"
#include "troupe/ipc/pieces.hpp"
#include "troupe/pool/call_runner.hpp"
#include "troupe/pool/lane_port.hpp"
#include "troupe/pool/pool_core.hpp"
#include "troupe/pool/worker_lost.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace troupe {

bool pool_core::drain_all() {
  bool has_any = false;
  // From the back: a slot that empties leaves the list by taking the last one's place.
  for (std::size_t i = busy_.size(); i-- > 0;) {
    if (i < busy_.size()) has_any = drain_slot(busy_[i]) || has_any;
  }
  if (has_any && backlog_size_ > 0) refill();
  return has_any;
}

bool pool_core::drain_slot(std::size_t index) {
  auto& from = slots_[index];
  if (from.is_condemned && sentences_[index].why == end_reason::corrupt_answer) return false;
  auto& end = from.link->end();
  bool has_any = false;
  ipc::incoming_answer answer;
  for (;;) {
    const auto state = end.oldest(answer);
    if (state == ipc::answer_state::none) break;
    if (state == ipc::answer_state::corrupt) {
      condemn(index, end_reason::corrupt_answer);
      break;
    }
    auto& task = *reinterpret_cast<task_state*>(answer.tag);
    keep_result(task, answer.bytes);
    if (!end.is_still_answered()) {
      release_payload(task);
      task.place = byte_place::in_ring;
      condemn(index, end_reason::corrupt_answer);
      break;
    }
    finish(index, answer);
    end.pop();
    has_any = true;
  }
  if (!has_any) return false;
  from.has_moved = true;
  loads_[index].is_stalled = false;
  refresh_load(index);
  if (loads_[index].in_flight == 0) note_emptied(index);
  return true;
}

void pool_core::finish(std::size_t index, const ipc::incoming_answer& answer) {
  auto& task = *reinterpret_cast<task_state*>(answer.tag);
  auto& from = slots_[index];
  auto& load = loads_[index];
  load.queued_ns -= from.link->end().weight_at(task.position);
  --load.in_flight;
  if (answer.run_time > duration::zero()) task.profile->learn(answer.run_time);
  const auto& end = from.link->end();
  if (end.is_in_arena(task.position)) free_input_block(end.payload_at(task.position));
  ++task.attempts;
  has_succeeded_ = true;
  resolve(task, answer.kind == static_cast<std::uint8_t>(reply_kind::value) ? outcome::value
                                                                            : outcome::error);
}

void pool_core::keep_result(task_state& task, std::span<const std::byte> bytes) {
  task.size = static_cast<std::uint32_t>(bytes.size());
  if (bytes.size() <= task_state::bytes_here_max) {
    task.place = byte_place::here;
    if (!bytes.empty()) std::memcpy(task.here.data(), bytes.data(), bytes.size());
    return;
  }
  auto* copy = static_cast<std::byte*>(std::malloc(bytes.size()));
  if (copy == nullptr) throw std::bad_alloc{};
  std::memcpy(copy, bytes.data(), bytes.size());
  task.place = byte_place::heap;
  task.heap = copy;
}

namespace {

// Runs those that want it at once and returns the others, in their order.
continuation* run_immediate(continuation* first) noexcept {
  continuation* others = nullptr;
  continuation** last = &others;
  for (auto* each = first; each != nullptr;) {
    auto* const next = each->next; // `run` ends the continuation.
    if (each->is_immediate) {
      each->run();
    } else {
      *last = each;
      last = &each->next;
    }
    each = next;
  }
  *last = nullptr;
  return others;
}

} // namespace

/// What the end of a task owes to those who asked to be told of it. Holds a handle of the task.
class pool_core::owed_calls {
public:
  owed_calls(continuation* first, task_state& task) : first_{first}, task_{&task} {}
  void operator()() const {
    for (auto* each = first_; each != nullptr;) {
      auto* const next = each->next; // `run` ends the continuation.
      each->run();
      each = next;
    }
    task_->core->note_called();
    task_port::end_callbacks(*task_);
  }

private:
  continuation* first_;
  task_state* task_;
};

void pool_core::note_called() {
  if (is_forked_copy()) return; // A callback forked and returned; the lock may be held for ever.
  const std::lock_guard lock{mutex_};
  if (--owed_calls_ == 0) changed_.notify_all();
}

// The one place where a task ends. After the store the record may be gone at any moment, unless
// a continuation holds it; the store keeps its memory, so the wake is safe.
void pool_core::resolve(task_state& task, outcome how) {
  task.how = how;
  auto* const continuations = task.continuations;
  // Only under the lock is the phase changed, so no write can come between these two.
  const auto before = task.phase.load(std::memory_order_relaxed);
  task.phase.store(before | task_state::is_done, std::memory_order_release);
  TROUPE_ASSERT((before & task_state::is_done) == 0);
  ++counters_.resolved;
  if ((before & task_state::has_continuation) != 0) {
    --wants_dispatcher_;
    if (auto* const others = run_immediate(continuations)) {
      task_port::add_handle(task);
      ++owed_calls_;
      environment_->calls().post(owed_calls{others, task});
    }
  }
  if ((before & task_state::has_waiter) != 0) {
    os::futex_wake(task.phase, std::numeric_limits<int>::max(), os::futex_scope::process);
  }
  if ((before & task_state::is_abandoned) != 0) task_port::destroy(task);
  if (--unresolved_ > 0) return;
  changed_.notify_all();
  if (phase_ == pool_phase::closing) ask_to_stop(stop_mode::drain);
}

void pool_core::fail(task_state& task, outcome how, std::unique_ptr<task_detail> detail) {
  release_payload(task);
  task.detail = detail.release();
  resolve(task, how);
}

void pool_core::release_payload(task_state& task) noexcept {
  if (task.place == byte_place::heap) std::free(task.heap);
  if (task.place == byte_place::arena || task.place == byte_place::pieces) {
    free_input_block({.bytes = {},
                      .arena_offset = task.arena_offset,
                      .arena_size = task.size,
                      .is_in_arena = true});
  }
  task.place = byte_place::none;
}

// From the heap into the input arena: in one block if it can be, else in pieces, which the worker
// puts together. @pre there is room
void pool_core::move_in(task_state& task) {
  auto* const heap = task.heap;
  if (const auto offset = input_arena_.allocate(task.size)) {
    std::memcpy(input_memory_.data() + *offset, heap, task.size);
    task.place = byte_place::arena;
    task.arena_offset = *offset;
  } else {
    const auto pieces = input_arena_.allocate_pieces(task.size, sizeof(ipc::piece_header));
    TROUPE_ASSERT(!pieces.empty());
    ipc::write_pieces(input_memory_.bytes(), pieces, {heap, task.size});
    task.place = byte_place::pieces;
    task.arena_offset = pieces.front().offset;
  }
  std::free(heap);
}

// @pre it does not wait for room
ipc::outgoing_payload pool_core::payload_of(const task_state& task) {
  switch (task.place) {
  case byte_place::here:
    return {.bytes = std::span{task.here}.first(task.size)};
  case byte_place::heap:
    return {.bytes = {task.heap, task.size}};
  case byte_place::arena:
  case byte_place::pieces:
    return {.bytes = {},
            .arena_offset = task.arena_offset,
            .arena_size = task.size,
            .is_in_arena = true,
            .is_in_pieces = task.place == byte_place::pieces};
  case byte_place::none:
  case byte_place::in_ring:
    break;
  }
  return {};
}

void pool_core::refill() {
  while (auto* const next = next_to_send()) {
    auto& task = *next;
    const auto where = choose_slot(*task.profile);
    if (where == scheduler::nobody) return;
    const bool is_roomless = waits_for_room(task);
    (is_roomless ? roomless_ : ready_).pop_first();
    --backlog_size_;
    if (is_roomless) {
      move_in(task);
      passes_ = 0;
    }
    auto* const heap = task.place == byte_place::heap ? task.heap : nullptr;
    const auto* sleeper = place(task, payload_of(task), where);
    std::free(heap);
    // A thread that waits for the task must now listen to this worker's bell.
    const auto phase = task.phase.load(std::memory_order_relaxed);
    if ((phase & task_state::has_waiter) != 0) {
      os::futex_wake(task.phase, std::numeric_limits<int>::max(), os::futex_scope::process);
    }
    if (sleeper != nullptr) os::futex_wake(*sleeper, 1, os::futex_scope::shared);
  }
}

// Tells each busy worker when to ring the dispatcher: half-way through what it holds, and only if
// somebody depends on the dispatcher.
void pool_core::arm() {
  const bool is_wanted = backlog_size_ > 0 || wants_dispatcher_ > 0;
  for (const auto index : busy_) {
    auto& end = slots_[index].link->end();
    const auto held = loads_[index].in_flight;
    if (is_wanted && held > 0) {
      end.notify_at(end.head() + (held - 1) / 2);
    } else {
      end.notify_at(std::nullopt);
    }
  }
}

void pool_core::condemn(std::size_t index, end_reason why) {
  if (!slots_.condemn(index, why)) return;
  sentences_[index] = {.why = why, .position = slots_[index].link->end().head()};
  if (why == end_reason::corrupt_answer) ++counters_.corrupt;
  refresh_load(index);
}

void pool_core::note_emptied(std::size_t index) {
  const auto it = std::find(busy_.begin(), busy_.end(), index);
  if (it != busy_.end()) {
    *it = busy_.back();
    busy_.pop_back();
  }
  loads_[index].queued_ns = 0;
  // Positions that were taken back still fill the ring; nobody looks at it again while it is idle.
  ipc::incoming_answer ignored;
  (void)slots_[index].link->end().oldest(ignored);
  refresh_load(index);
  slots_.tell_drained(index);
}

time_point pool_core::serve(time_point now) {
  const std::lock_guard lock{mutex_};
  ++counters_.served;
  find_ready_workers(now);
  // Arming and looking again closes the gap between an answer and the wish to hear of it.
  constexpr int rounds_max = 8;
  for (int round = 0; round < rounds_max; ++round) {
    const bool has_any = drain_all();
    arm();
    if (!has_any) break;
  }
  needs_kick_ = false;
  return is_fine_ticking_ ? now : time_point::max();
}

} // namespace troupe
