// Part of Troupe; see LICENSE.

#include "troupe/ipc/host_end.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/ipc/cpu.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace troupe::ipc {

namespace {

constexpr std::uint64_t prefetch_cells = 8;

// Reads a fact from memory a hostile process may be changing, exactly once.
template<class T>
T read_once(const T& shared) noexcept {
  return *const_cast<const volatile T*>(&shared);
}

} // namespace

std::unique_ptr<host_end> host_end::create(std::size_t output_arena_bytes) {
  std::unique_ptr<host_end> out{new host_end};
  out->request_memory_ = os::shared_memory::create("troupe-request", sizeof(request_region),
                                                   os::write_access::creator);
  out->response_memory_ = os::shared_memory::create("troupe-response", sizeof(response_region),
                                                    os::write_access::everybody);
  out->output_memory_ =
      os::shared_memory::create("troupe-output", output_arena_bytes, os::write_access::everybody);
  for (auto* memory : {&out->request_memory_, &out->response_memory_, &out->output_memory_}) {
    memory->exclude_from_fork();
  }
  out->doorbell_ = os::event_fd::create();
  // The memory is zero-filled, which is every field's first value.
  out->request_ = reinterpret_cast<request_region*>(out->request_memory_.data());
  out->response_ = reinterpret_cast<response_region*>(out->response_memory_.data());
  out->request_->version = request_region::layout_version;
  out->request_->sleeper_fences_host = out->has_membarrier_ ? 1 : 0;
  return out;
}

void host_end::close_descriptors() noexcept {
  request_memory_.close_descriptor();
  response_memory_.close_descriptor();
  output_memory_.close_descriptor();
}

bool host_end::is_ready() const noexcept {
  return response_->ready.load(std::memory_order_acquire) == 1;
}

bool host_end::is_asleep() const noexcept {
  const auto stamp = response_->sleeping.load(std::memory_order_relaxed);
  return stamp != 0 && stamp != woken_stamp_;
}

std::uint64_t host_end::send(std::uint64_t code, const outgoing_payload& payload, std::uint64_t tag,
                             std::uint32_t weight) {
  TROUPE_ASSERT(!is_full());
  const auto position = tail_++;
  auto& cell = request_->cells[index(position)];
  entries_[index(position)] = {
      .tag = tag, .weight = weight, .is_revoked = false, .is_in_arena = payload.is_in_arena};
  // The worker read this cell a lap ago; fetching the ones to come takes that wait off this path.
  prefetch_for_write(&request_->cells[index(position + prefetch_cells)]);
  cell.code = code;
  if (payload.is_in_arena) {
    cell.size = payload.arena_size;
    cell.place = payload.is_in_pieces ? payload_place::in_pieces : payload_place::in_arena;
    std::memcpy(cell.data.data(), &payload.arena_offset, sizeof payload.arena_offset);
  } else {
    const auto size = payload.bytes.size();
    TROUPE_ASSERT(size <= body_bytes_max);
    cell.size = static_cast<std::uint32_t>(size);
    const bool fits = size <= inline_bytes_max;
    cell.place = fits ? payload_place::in_cell : payload_place::in_body;
    auto* to = fits ? cell.data.data() : request_->bodies[index(position)].data.data();
    if (size > 0) std::memcpy(to, payload.bytes.data(), size);
  }
  // SYNC(job): publishes the cell.
  cell.mark.store(position + 1, std::memory_order_release);
  // SYNC(sleep): no look at the stamp may come before this store. A fence costs more than all the
  // rest of a send, so the worker, which sleeps rarely, puts it here when it can.
  if (has_membarrier_) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  return position;
}

const os::futex_word* host_end::prepare_wake() noexcept {
  // SYNC(sleep): after the fence in `send`, or a seq_cst store; see worker_end::sleep.
  const auto stamp = response_->sleeping.load(std::memory_order_seq_cst);
  if (stamp == 0 || stamp == woken_stamp_) return nullptr;
  woken_stamp_ = stamp;
  ++wakes_;
  request_->wake.fetch_add(1, std::memory_order_seq_cst);
  return &request_->wake;
}

void host_end::wake_if_asleep() noexcept {
  if (const auto* word = prepare_wake()) os::futex_wake(*word, 1, os::futex_scope::shared);
}

void host_end::wake_anyway() noexcept {
  request_->wake.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(request_->wake, 1, os::futex_scope::shared);
}

void host_end::ask_to_stop() noexcept {
  request_->stop.store(1, std::memory_order_seq_cst);
  wake_anyway();
}

answer_state host_end::oldest(incoming_answer& out) noexcept {
  while (head_ != tail_ && entries_[index(head_)].is_revoked) ++head_;
  if (head_ == tail_) return answer_state::none;
  const auto& cell = response_->cells[index(head_)];
  // SYNC(answer): pairs with the release in worker_end::publish.
  const auto claim = cell.claim.load(std::memory_order_acquire);
  if (claim != make_claim(head_, claim_state::done)) {
    const bool is_running = claim == make_claim(head_, claim_state::running);
    if (is_running) begun_mark_ = head_ + 1;
    const bool is_older = claimed_mark(claim) < head_ + 1;
    return is_running || is_older ? answer_state::none : answer_state::corrupt;
  }
  __builtin_prefetch(&response_->cells[index(head_ + prefetch_cells)], 0);
  bool is_sound = true;
  out.tag = entries_[index(head_)].tag;
  out.kind = read_once(cell.kind);
  out.run_time = std::min<duration>(
      duration{static_cast<std::int64_t>(read_once(cell.run_time_ns) & 0x7fff'ffff'ffff'ffff)},
      run_time_max);
  out.bytes = answer_bytes(head_, read_once(cell.size), read_once(cell.place), is_sound);
  return is_sound ? answer_state::ready : answer_state::corrupt;
}

std::span<const std::byte> host_end::answer_bytes(std::uint64_t position, std::uint32_t size,
                                                  payload_place place, bool& is_sound) noexcept {
  block_.reset();
  const auto& cell = response_->cells[index(position)];
  switch (place) {
  case payload_place::in_cell:
    is_sound = size <= inline_bytes_max;
    return is_sound ? std::span{cell.data}.first(size) : std::span<const std::byte>{};
  case payload_place::in_body:
    is_sound = size <= body_bytes_max;
    return is_sound ? std::span{response_->bodies[index(position)].data}.first(size)
                    : std::span<const std::byte>{};
  case payload_place::in_arena: {
    std::uint64_t raw = 0;
    std::memcpy(&raw, cell.data.data(), sizeof raw);
    const auto offset = read_once(raw);
    const auto capacity = output_memory_.size_bytes();
    is_sound = offset <= capacity && size <= capacity - offset && offset % 64 == 0;
    if (!is_sound) return {};
    block_ = offset;
    return {output_memory_.data() + offset, size};
  }
  case payload_place::in_pieces:
    break;
  }
  is_sound = false; // A place that no answer has.
  return {};
}

bool host_end::is_still_answered() const noexcept {
  std::atomic_thread_fence(std::memory_order_acquire); // The copy comes before the second look.
  const auto claim = response_->cells[index(head_)].claim.load(std::memory_order_relaxed);
  return claim == make_claim(head_, claim_state::done);
}

void host_end::pop() noexcept {
  TROUPE_ASSERT(head_ != tail_);
  ++head_;
  if (!block_) return;
  request_->release[released_ % release_cells] = *block_;
  block_.reset();
  request_->released.store(++released_, std::memory_order_seq_cst);
  wake_if_asleep();
}

bool host_end::revoke(std::uint64_t position) noexcept {
  auto& own = entries_[index(position)];
  if (own.is_revoked || begun_mark_ == position + 1) return false;
  auto& claim = response_->cells[index(position)].claim;
  auto seen = claim.load(std::memory_order_acquire);
  if (claimed_mark(seen) >= position + 1) return false;
  if (!claim.compare_exchange_strong(seen, make_claim(position, claim_state::revoked),
                                     std::memory_order_acq_rel)) {
    return false;
  }
  own.is_revoked = true;
  return true;
}

bool host_end::is_revoked(std::uint64_t position) const noexcept {
  return position < tail_ && entries_[index(position)].is_revoked;
}

std::uint64_t host_end::tag_at(std::uint64_t position) const noexcept {
  return entries_[index(position)].tag;
}

outgoing_payload host_end::payload_at(std::uint64_t position) const noexcept {
  const auto& cell = request_->cells[index(position)];
  outgoing_payload out;
  switch (cell.place) {
  case payload_place::in_cell:
    out.bytes = std::span{cell.data}.first(cell.size);
    break;
  case payload_place::in_body:
    out.bytes = std::span{request_->bodies[index(position)].data}.first(cell.size);
    break;
  case payload_place::in_pieces:
  case payload_place::in_arena:
    out.is_in_arena = true;
    out.is_in_pieces = cell.place == payload_place::in_pieces;
    out.arena_size = cell.size;
    std::memcpy(&out.arena_offset, cell.data.data(), sizeof out.arena_offset);
    break;
  }
  return out;
}

std::uint64_t host_end::code_at(std::uint64_t position) const noexcept {
  return request_->cells[index(position)].code;
}

job_fate host_end::fate(std::uint64_t position) const noexcept {
  const auto claim = response_->cells[index(position)].claim.load(std::memory_order_acquire);
  if (claim == make_claim(position, claim_state::done)) return job_fate::answered;
  const bool is_begun = claimed_mark(claim) >= position + 1 || begun_mark_ == position + 1;
  return is_begun ? job_fate::begun : job_fate::not_begun;
}

bool host_end::has_void_claims() const noexcept {
  const auto mark_at = [this](std::uint64_t position) {
    return claimed_mark(response_->cells[index(position)].claim.load(std::memory_order_acquire));
  };
  if (begun_mark_ == head_ + 1) return mark_at(head_) < head_ + 1;
  // The one before was answered or revoked, so its mark was there.
  return head_ > 0 && mark_at(head_ - 1) < head_;
}

void host_end::ring_bell_at(std::uint64_t position) noexcept {
  const auto mark = position + 1;
  const auto armed = request_->bell_at.load(std::memory_order_relaxed);
  // An earlier mark that is still to come wakes this waiter too; it arms its own then. One that was
  // answered and not drained yet, or taken back, may have rung already.
  const bool is_to_come = armed > head_ && armed <= mark && !is_revoked(armed - 1) &&
                          fate(armed - 1) != job_fate::answered;
  if (is_to_come) return;
  request_->bell_at.store(mark, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void host_end::notify_at(std::optional<std::uint64_t> position) noexcept {
  const auto mark = position ? *position + 1 : 0;
  if (request_->notify_at.load(std::memory_order_relaxed) == mark) return;
  request_->notify_at.store(mark, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void host_end::wake_waiters() noexcept {
  response_->bell.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(response_->bell, std::numeric_limits<int>::max(), os::futex_scope::shared);
}

} // namespace troupe::ipc
