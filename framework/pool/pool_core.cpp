// Part of Troupe; see LICENSE.

#include "troupe/pool/pool_core.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/ipc/pieces.hpp"
#include "troupe/os/cpu_count.hpp"
#include "troupe/pool/worker_lost.hpp"

#include <cstdlib>
#include <cstring>
#include <limits>

namespace troupe {

namespace {

// A caller that spins longer than a wake-up costs gains nothing by it.
constexpr auto spin_time = std::chrono::microseconds{50};
constexpr int polls_per_clock_read = 16;
// From here on, what a payload costs is its bytes; a look at the answers costs nothing next to it.
constexpr std::size_t large_bytes = 64 * 1024;
// Waiting threads look again this often even if nobody rings: the bell is the worker's to ring.
constexpr auto look_again_after = std::chrono::milliseconds{100};
// So many later payloads get the room that is too small for the one that has waited longest; then
// what comes free is kept for it.
constexpr std::uint32_t passes_max = 64;

} // namespace

std::shared_ptr<pool_core> pool_core::make(pool_settings settings,
                                           std::shared_ptr<pool_environment> environment) {
  std::shared_ptr<pool_core> core{new pool_core{std::move(settings), std::move(environment)}};
  core->slots_.supervise(core);
  core->environment_->dispatch().add(core);
  core->slots_.start_all();
  return core;
}

pool_core::pool_core(pool_settings settings, std::shared_ptr<pool_environment> environment)
    : settings_{std::move(settings)}, cpus_{static_cast<std::size_t>(os::usable_cpu_count())},
      environment_{std::move(environment)}, input_memory_{os::shared_memory::create(
                                                "troupe-input", settings_.input_arena_bytes,
                                                os::write_access::creator)},
      input_arena_{input_memory_.size_bytes()}, slots_{settings_,
                                                       settings_.replicas + settings_.standby,
                                                       *environment_},
      sentences_(slots_.size()), loads_(slots_.size()) {
  input_memory_.exclude_from_fork();
}

pool_core::~pool_core() = default;

void pool_core::check_open() const {
  if (broken_) throw broken_executor{broken_->message};
  if (phase_ != pool_phase::open) {
    throw closed_error{"pool '" + settings_.name +
                       "' takes no more tasks: it was closed or terminated"};
  }
  if (backlog_size_ - withdrawn_ >= settings_.queued_max) {
    throw error{errc::would_block, "pool '" + settings_.name + "' already has " +
                                       std::to_string(backlog_size_ - withdrawn_) +
                                       " tasks waiting (pool_options::max_queued); wait for some"};
  }
}

task_state* pool_core::submit(const task_call& call) {
  task_state* task = nullptr;
  const os::futex_word* sleeper = nullptr;
  bool has_kick = false;
  {
    const std::lock_guard lock{mutex_};
    check_open();
    task = store_.take();
    task->core = this;
    task->id = next_task_++;
    task->code = call.code;
    task->function = call.function;
    task->profile = &profiles_.of(call.profile_key);
    task->time_limit_ns =
        (call.timeout.count() > 0 ? call.timeout : settings_.task_timeout).count();
    task->attempts_max = call.attempts_max > 0 ? call.attempts_max : settings_.attempts_max;
    ipc::outgoing_payload payload{.bytes = call.payload};
    if (call.large != nullptr) {
      task->size = static_cast<std::uint32_t>(call.large->size_bytes);
      task->place = call.large->is_in_arena ? byte_place::arena : byte_place::heap;
      if (call.large->is_in_arena) {
        task->arena_offset = call.large->arena_offset;
        payload = {.bytes = {},
                   .arena_offset = task->arena_offset,
                   .arena_size = task->size,
                   .is_in_arena = true};
      } else {
        task->heap = call.large->data;
      }
      *call.large = {};
    }
    if (task->place == byte_place::arena && task->size >= large_bytes) drain_all();
    ++unresolved_;
    was_active_ = true;
    ++counters_.submitted;
    const bool is_direct = task->place != byte_place::heap && !has_sendable();
    const auto where = is_direct ? choose_slot(*task->profile) : scheduler::nobody;
    if (where != scheduler::nobody) {
      sleeper = place(*task, payload, where);
    } else {
      if (call.large == nullptr) store_payload(*task, payload);
      const bool is_first = (waits_for_room(*task) ? roomless_ : ready_).is_empty();
      push_backlog(*task, false);
      if (task->place == byte_place::heap) refill();
      if (is_first && backlog_size_ > 0) {
        // The workers may have answered all they held before they were told to ring for it.
        arm();
        drain_all();
      }
    }
    if (!is_ticking_) is_ticking_ = needs_kick_ = true;
    has_kick = std::exchange(needs_kick_, false);
  }
  if (sleeper != nullptr) os::futex_wake(*sleeper, 1, os::futex_scope::shared);
  if (has_kick) environment_->dispatch().wake();
  return task;
}

large_payload pool_core::reserve(std::size_t size_bytes) {
  large_payload room{.data = nullptr, .size_bytes = size_bytes};
  if (size_bytes > ipc::payload_bytes_max) {
    throw error{errc::too_large, "arguments of " + std::to_string(size_bytes) +
                                     " bytes are more than one call can carry (" +
                                     std::to_string(ipc::payload_bytes_max) +
                                     " bytes, whatever the input arena of pool '" + settings_.name +
                                     "'); send them in parts"};
  }
  if (size_bytes > settings_.input_arena_bytes) {
    throw error{errc::too_large, "arguments of " + std::to_string(size_bytes) +
                                     " bytes are larger than the input arena of pool '" +
                                     settings_.name + "' (" +
                                     std::to_string(settings_.input_arena_bytes) +
                                     " bytes); raise pool_options::input_arena_bytes"};
  }
  {
    const std::lock_guard lock{mutex_};
    check_open();
    const bool has_waiter = !roomless_.is_empty();
    std::optional<std::uint64_t> offset;
    if (!has_waiter || passes_ < passes_max) offset = input_arena_.allocate(size_bytes);
    if (offset && has_waiter) ++passes_;
    if (offset) {
      room.arena_offset = *offset;
      room.data = input_memory_.data() + *offset;
      room.is_in_arena = true;
      return room;
    }
  }
  // The arena is full: the payload waits on the heap, and moves in when its turn comes.
  room.data = static_cast<std::byte*>(std::malloc(size_bytes));
  if (room.data == nullptr) throw std::bad_alloc{};
  return room;
}

void pool_core::give_up_room(large_payload& room) noexcept {
  if (room.data == nullptr || is_forked_copy()) return;
  if (room.is_in_arena) {
    const std::lock_guard lock{mutex_};
    free_input_block({.bytes = {},
                      .arena_offset = room.arena_offset,
                      .arena_size = static_cast<std::uint32_t>(room.size_bytes),
                      .is_in_arena = true});
    if (!roomless_.is_empty()) refill(); // Nobody else would notice.
  } else {
    std::free(room.data);
  }
  room = {};
}

void pool_core::free_input_block(const ipc::outgoing_payload& payload) {
  if (payload.is_in_arena) input_arena_.release(payload.arena_offset, payload.arena_size);
}

void pool_core::store_payload(task_state& task, const ipc::outgoing_payload& payload) {
  if (payload.is_in_arena) {
    task.place = payload.is_in_pieces ? byte_place::pieces : byte_place::arena;
    task.arena_offset = payload.arena_offset;
    task.size = payload.arena_size;
    return;
  }
  const auto bytes = payload.bytes;
  task.size = static_cast<std::uint32_t>(bytes.size());
  auto* to = task.here.data();
  task.place = byte_place::here;
  if (bytes.size() > task_state::bytes_here_max) {
    to = static_cast<std::byte*>(std::malloc(bytes.size()));
    if (to == nullptr) throw std::bad_alloc{};
    task.heap = to;
    task.place = byte_place::heap;
  }
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
}

void pool_core::push_backlog(task_state& task, bool is_front) {
  auto& queue = waits_for_room(task) ? roomless_ : ready_;
  if (&queue == &roomless_ && queue.is_empty()) passes_ = 0;
  is_front ? queue.push_front(task) : queue.push_back(task);
  ++backlog_size_;
}

// Whether a task waits for a worker and for nothing else.
bool pool_core::has_sendable() {
  return !ready_.is_empty() || (!roomless_.is_empty() && next_to_send() != nullptr);
}

// The older of those who wait for a worker only and the first of those who wait for room, if it has
// come. Null: there is none.
task_state* pool_core::next_to_send() {
  drop_withdrawn(ready_);
  drop_withdrawn(roomless_);
  auto* const ready = ready_.first();
  auto* const roomless = roomless_.first();
  const bool is_older = roomless != nullptr && (ready == nullptr || roomless->id < ready->id);
  if (is_older && input_arena_.has_room_for(roomless->size, sizeof(ipc::piece_header))) {
    return roomless;
  }
  return ready;
}

// A cancelled task stays in its queue until it is first.
void pool_core::drop_withdrawn(task_queue& queue) {
  while (!queue.is_empty() && queue.first()->is_resolved()) {
    auto& task = queue.pop_first();
    --backlog_size_;
    --withdrawn_;
    task_port::drop_handle(task);
  }
}

std::size_t pool_core::choose_slot(const function_profile& profile) {
  const auto estimate = profile.estimate_ns;
  // Whoever submits has a core, and so has every worker with something to do.
  const auto wake_cost = scheduler::wake_cost(estimate, busy_.size() + 1 < cpus_);
  if (favourite_ != scheduler::nobody) {
    // While one awake worker has less to do than a wake-up costs, nobody else can be better.
    const auto& load = loads_[favourite_];
    if (load.in_flight > 0 && !load.is_stalled && load.queued_ns + estimate <= wake_cost &&
        scheduler::has_credit(load, estimate, settings_.in_flight_max)) {
      return favourite_;
    }
  }
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    if (loads_[i].can_take && loads_[i].in_flight == 0) {
      loads_[i].is_asleep = slots_[i].link->end().is_asleep();
    }
  }
  const auto chosen = scheduler::choose(loads_, estimate, wake_cost, settings_.in_flight_max);
  if (chosen != scheduler::nobody) favourite_ = chosen;
  return chosen;
}

// Hands a task to a worker. Returns the word to wake, if the worker sleeps.
const os::futex_word* pool_core::place(task_state& task, const ipc::outgoing_payload& payload,
                                       std::size_t where) {
  auto& to = slots_[where];
  auto& load = loads_[where];
  if (load.in_flight == 0 && (backlog_size_ > 0 || wants_dispatcher_ > 0)) {
    // `arm` looks at busy workers only. Before the task is sent, so that no answer can be missed.
    to.link->end().notify_at(to.link->end().tail());
  }
  const auto estimate = static_cast<std::uint32_t>(
      std::min<std::int64_t>(task.profile->estimate_ns, std::numeric_limits<std::uint32_t>::max()));
  task.position =
      to.link->end().send(task.code, payload, reinterpret_cast<std::uintptr_t>(&task), estimate);
  task.slot = static_cast<std::uint16_t>(where);
  task.place = byte_place::in_ring;
  load.queued_ns += estimate;
  if (load.in_flight++ == 0) {
    busy_.push_back(static_cast<std::uint32_t>(where));
    to.has_moved = true;
  } else if (estimate > scheduler::short_task_ns && !is_fine_ticking_) {
    // A long task now waits behind another: somebody must look whether it waits too long.
    is_fine_ticking_ = needs_kick_ = true;
  }
  ++to.messages;
  if (slots_.is_spent(where)) slots_.recycle(where, end_reason::max_messages);
  refresh_load(where);
  const auto* sleeper = to.link->end().prepare_wake();
  task.had_to_wake = sleeper != nullptr;
  if (sleeper != nullptr) ++counters_.wakes;
  return sleeper;
}

bool pool_core::wait(task_state& task, deadline limit) {
  if (task.is_resolved()) return true;
  std::unique_lock lock{mutex_};
  drain_all();
  // Spin for a short task of a worker that was awake, and only on a core that nobody else needs.
  const bool is_worth_a_spin = !task.had_to_wake && busy_.size() < cpus_ && !task.is_resolved() &&
                               duration{task.profile->estimate_ns} <= spin_time;
  lock.unlock();
  if (task.is_resolved()) return true;
  if (limit.has_passed()) return false;
  if (is_worth_a_spin) {
    const auto until = clock::now() + spin_time;
    do {
      for (int i = 0; i < polls_per_clock_read; ++i) {
        if (lock.try_lock()) {
          drain_all();
          lock.unlock();
        }
        if (task.is_resolved()) return true;
      }
    } while (clock::now() < until && !limit.has_passed());
  }
  lock.lock();
  while (!task.is_resolved() && !limit.has_passed()) park(task, lock, limit);
  return task.is_resolved();
}

// Sleeps until the task's worker rings, the task is resolved by somebody else, or the deadline.
void pool_core::park(task_state& task, std::unique_lock<os::adaptive_mutex>& lock, deadline limit) {
  std::shared_ptr<worker_link> link;
  std::uint32_t bell_seen = 0;
  if (task.place == byte_place::in_ring) {
    link = slots_[task.slot].link;
    // Read before the last look at the answers: a ring after it changes the word.
    bell_seen = link->end().bell().load();
    link->end().ring_bell_at(task.position);
  } else {
    ++wants_dispatcher_;
    arm();
  }
  const auto phase_seen = task.phase.fetch_or(task_state::has_waiter) | task_state::has_waiter;
  drain_all();
  if (!task.is_resolved()) {
    // The task may have moved to another worker in that drain; a short look again finds out.
    const auto slice = deadline::after(look_again_after);
    const auto until = limit.when() < slice.when() ? limit : slice;
    lock.unlock();
    if (link) {
      os::futex_wait_either(task.phase, phase_seen, link->end().bell(), bell_seen, until);
    } else {
      os::futex_wait(task.phase, phase_seen, until, os::futex_scope::process);
    }
    lock.lock();
    drain_all();
  }
  if (!link) --wants_dispatcher_;
}

bool pool_core::revoke(task_state& task) {
  auto& from = slots_[task.slot];
  const auto payload = from.link->end().payload_at(task.position);
  if (!from.link->end().revoke(task.position)) return false;
  auto& load = loads_[task.slot];
  load.queued_ns -= from.link->end().weight_at(task.position);
  --load.in_flight;
  --from.messages;
  store_payload(task, payload);
  return true;
}

bool pool_core::cancel(task_state& task) {
  const std::lock_guard lock{mutex_};
  drain_all();
  if (task.is_resolved()) return task.how == outcome::cancelled;
  const std::size_t where = task.slot;
  if (task.place == byte_place::in_ring) {
    if (!revoke(task)) return false;
    if (loads_[where].in_flight == 0) note_emptied(where);
    refresh_load(where);
  } else {
    // The backlog still holds it, as one more future would, until it comes to its turn.
    task.handles.fetch_add(1, std::memory_order_relaxed);
    ++withdrawn_;
  }
  release_payload(task);
  resolve(task, outcome::cancelled);
  refill();
  return true;
}

bool pool_core::is_running(task_state& task) {
  const std::lock_guard lock{mutex_};
  drain_all();
  if (task.is_resolved() || task.place != byte_place::in_ring) return false;
  return slots_[task.slot].link->end().fate(task.position) == ipc::job_fate::begun;
}

void pool_core::add_continuation(task_state& task, continuation& what) {
  {
    const std::lock_guard lock{mutex_};
    drain_all();
    if (!task.is_resolved()) {
      auto** last = &task.continuations;
      while (*last != nullptr) last = &(*last)->next;
      *last = &what;
      const auto mark = task_state::has_continuation |
                        (what.is_awaited ? task_state::has_callbacks : std::uint32_t{0});
      const auto before = task.phase.fetch_or(mark);
      if ((before & task_state::has_continuation) == 0) ++wants_dispatcher_;
      arm();
      drain_all();
      return;
    }
  }
  what.run();
}

bool pool_core::remove_continuation(task_state& task, continuation& what) {
  const std::lock_guard lock{mutex_};
  if (task.is_resolved()) return false;
  auto** at = &task.continuations;
  while (*at != nullptr && *at != &what) at = &(*at)->next;
  if (*at == nullptr) return false;
  *at = what.next;
  if (task.continuations == nullptr) {
    task.phase.fetch_and(~task_state::has_continuation);
    --wants_dispatcher_;
  }
  return true;
}

bool pool_core::abandon_task(task_state& task) noexcept {
  // Once the mark is set, another thread may end the record, and with the last one the core.
  const auto self = shared_from_this();
  const std::lock_guard lock{mutex_};
  if (task.is_resolved()) return false;
  task.phase.fetch_or(task_state::is_abandoned, std::memory_order_relaxed);
  return true;
}

void pool_core::recycle(task_state& task) noexcept {
  std::shared_ptr<pool_core> last;
  if (store_.give_back(&task)) last = std::move(self_);
}

} // namespace troupe
