// Part of Troupe; see LICENSE.

#include "troupe/ipc/worker_end.hpp"

#include "troupe/ipc/cpu.hpp"
#include "troupe/ipc/pieces.hpp"
#include "troupe/os/membarrier.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace troupe::ipc {

namespace {

// A wake of a sleeping process costs about this much; spinning longer than it does not pay.
constexpr auto spin_time = std::chrono::microseconds{50};
// Spin only while gaps are usually short: a worker that idles for long must not burn a core.
constexpr auto spin_gap_max = 2 * spin_time;
constexpr int polls_per_clock_read = 32;
constexpr std::size_t prefetch_cells = 4;
constexpr std::uint32_t streak_of_stream = 2;
constexpr int polls_to_skip = 32;

} // namespace

worker_end::worker_end(os::shared_memory request, os::shared_memory response,
                       os::shared_memory input_arena, os::shared_memory output_arena,
                       os::event_fd doorbell)
    : request_memory_{std::move(request)}, response_memory_{std::move(response)},
      input_memory_{std::move(input_arena)}, output_memory_{std::move(output_arena)},
      doorbell_{std::move(doorbell)}, request_{*reinterpret_cast<const request_region*>(
                                          request_memory_.data())},
      response_{*reinterpret_cast<response_region*>(response_memory_.data())},
      output_{output_memory_.size_bytes()} {}

void worker_end::announce_ready() noexcept {
  guard_.end_forked_copy("a worker's initializer");
  response_.ready.store(1, std::memory_order_seq_cst);
  doorbell_.ring();
}

bool worker_end::next(received_job& job) {
  for (;;) {
    if (try_claim(job)) {
      // SYNC(ring): the claim was a full fence after the last answer.
      ring_if_wanted();
      ++streak_;
      return true;
    }
    if (has_news()) continue;
    // SYNC(ring): publish, fence, look at who waits; the host arms, fences, looks at the answer.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    ring_if_wanted();
    // Jobs in the ring come before the wish to stop: the host revokes what it wants back.
    if (request_.stop.load(std::memory_order_acquire) != 0) return false;
    wait_for_news();
  }
}

// Claims the job at position_, skipping those that were revoked. The host may have revoked and
// reused cells ahead of us, so a claim word at or beyond our mark means "not ours any more".
bool worker_end::try_claim(received_job& job) {
  for (;;) {
    auto& answer = response_.cells[cell_index(position_)];
    const auto mark = position_ + 1;
    auto claim = answer.claim.load(std::memory_order_acquire);
    if (claimed_mark(claim) >= mark) {
      ++position_;
      continue;
    }
    const auto& cell = request_.cells[cell_index(position_)];
    // SYNC(job): pairs with the release in host_end::send; the cell's other fields are complete.
    if (cell.mark.load(std::memory_order_acquire) != mark) return false;
    prefetch_for_write(&response_.cells[cell_index(position_ + prefetch_cells)]);
    // CRASH(claim): before this exchange the host takes the job back uncounted; after it, the job
    // was begun and counts as an attempt.
    if (!answer.claim.compare_exchange_strong(claim, make_claim(position_, claim_state::running),
                                              std::memory_order_seq_cst)) {
      ++position_;
      continue;
    }
    job.position = position_;
    job.code = cell.code;
    job.payload = payload_of(cell);
    return true;
  }
}

std::span<const std::byte> worker_end::payload_of(const request_cell& cell) {
  const std::size_t size = cell.size;
  std::uint64_t offset = 0;
  switch (cell.place) {
  case payload_place::in_cell:
    return {cell.data.data(), size};
  case payload_place::in_body:
    return {request_.bodies[cell_index(position_)].data.data(), size};
  case payload_place::in_arena:
    std::memcpy(&offset, cell.data.data(), sizeof offset);
    return {input_memory_.data() + offset, size};
  case payload_place::in_pieces:
    std::memcpy(&offset, cell.data.data(), sizeof offset);
    joined_ = std::make_unique_for_overwrite<cell_body[]>(size / sizeof(cell_body) + 1);
    const std::span joined{reinterpret_cast<std::byte*>(joined_.get()), size};
    read_pieces(input_memory_.bytes(), offset, joined);
    return joined;
  }
  return {};
}

bool worker_end::has_news() const noexcept {
  const auto mark = position_ + 1;
  return request_.cells[cell_index(position_)].mark.load(std::memory_order_acquire) == mark ||
         claimed_mark(
             response_.cells[cell_index(position_)].claim.load(std::memory_order_acquire)) >= mark;
}

void worker_end::wait_for_news() {
  // Where jobs come in streams, looking at the next cell at once would take its line away from the
  // host while it writes: let it get ahead, so that both work on lines of their own.
  if (streak_ > streak_of_stream) {
    for (int i = 0; i < polls_to_skip; ++i) cpu_relax();
  }
  streak_ = 0;
  if (has_news()) return;
  const auto start = clock::now();
  auto now = start;
  bool is_found = false;
  if (idle_average_ < spin_gap_max) {
    while (!is_found && now - start < spin_time) {
      for (int i = 0; i < polls_per_clock_read && !is_found; ++i) {
        is_found = has_news() || request_.stop.load(std::memory_order_relaxed) != 0;
        cpu_relax();
      }
      now = clock::now();
    }
  }
  if (!is_found) sleep();
  const auto gap = std::min<duration>(clock::now() - start, 10 * spin_gap_max);
  idle_average_ += (gap - idle_average_) / 4;
}

// The other half of host_end::wake_if_asleep. The stamp counts sleeps, for the host wakes each
// stamp once: the position would not do, because a worker that is woken for something else (an
// arena block that came back) goes to sleep a second time at the same position.
void worker_end::sleep() {
  const auto word = request_.wake.load(std::memory_order_acquire);
  // SYNC(sleep): stamp, fence, look again; the host publishes, fences, looks at the stamp.
  response_.sleeping.store(++sleeps_, std::memory_order_seq_cst);
  if (request_.sleeper_fences_host != 0) os::global_membarrier();
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const bool is_stopping = request_.stop.load(std::memory_order_acquire) != 0;
  if (!has_news() && !is_stopping) {
    os::futex_wait(request_.wake, word, deadline::never(), os::futex_scope::shared);
  }
  response_.sleeping.store(0, std::memory_order_relaxed);
}

std::size_t worker_end::reply_bytes_max() const noexcept {
  return std::min(output_.capacity_bytes(), payload_bytes_max);
}

std::span<std::byte> worker_end::reply_room(std::size_t size_bytes) {
  guard_.end_forked_copy("a task"); // It has neither the rings nor the right to answer.
  give_up_block();                  // Of an answer that was begun and then failed.
  reply_reserved_ = size_bytes;
  reply_place_ = payload_place::in_cell;
  auto& answer = response_.cells[cell_index(position_)];
  if (size_bytes <= inline_bytes_max) return {answer.data.data(), size_bytes};
  if (size_bytes <= body_bytes_max) {
    reply_place_ = payload_place::in_body;
    return {response_.bodies[cell_index(position_)].data.data(), size_bytes};
  }
  if (size_bytes > reply_bytes_max()) return {};
  reply_place_ = payload_place::in_arena;
  for (;;) {
    const auto word = request_.wake.load(std::memory_order_acquire);
    take_back_blocks();
    if (const auto offset = output_.allocate(size_bytes)) {
      reply_offset_ = *offset;
      holds_block_ = true;
      return {output_memory_.data() + *offset, size_bytes};
    }
    // The host has to take answers before there is room. It wakes us at every release while a
    // stamp stands that it has not woken yet; the bell is needed because nobody may be looking.
    response_.sleeping.store(++sleeps_, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    doorbell_.ring();
    if (request_.released.load(std::memory_order_acquire) == released_seen_) {
      os::futex_wait(request_.wake, word, deadline::never(), os::futex_scope::shared);
    }
    response_.sleeping.store(0, std::memory_order_relaxed);
  }
}

void worker_end::give_up_block() {
  if (!holds_block_) return;
  output_.release(reply_offset_, reply_reserved_);
  holds_block_ = false;
}

void worker_end::take_back_blocks() {
  const auto released = request_.released.load(std::memory_order_acquire);
  for (; released_seen_ < released && !lent_.empty(); ++released_seen_) {
    const auto offset = request_.release[released_seen_ % release_cells];
    const auto it = std::find_if(lent_.begin(), lent_.end(),
                                 [&](const block& b) { return b.offset == offset; });
    if (it == lent_.end()) continue;
    output_.release(it->offset, it->size_bytes);
    lent_.erase(it);
  }
}

void worker_end::publish(std::uint8_t kind, std::size_t size_bytes, std::uint64_t run_time_ns) {
  auto& answer = response_.cells[cell_index(position_)];
  answer.size = static_cast<std::uint32_t>(size_bytes);
  answer.place = reply_place_;
  answer.kind = kind;
  answer.run_time_ns = run_time_ns;
  if (reply_place_ == payload_place::in_arena) {
    std::memcpy(answer.data.data(), &reply_offset_, sizeof reply_offset_);
    lent_.push_back({reply_offset_, reply_reserved_});
    holds_block_ = false;
  }
  // SYNC(answer): pairs with the acquire in host_end::oldest.
  // CRASH(answer): before it the job is only begun; after it the answer counts, rung or not.
  answer.claim.store(make_claim(position_, claim_state::done), std::memory_order_release);
  if (joined_) joined_.reset();
  ++position_; // Whoever waits is rung in `next`, which has to fence anyway.
}

// Rings for everything answered so far: up to mark `position_` (position + 1 of the last answer).
void worker_end::ring_if_wanted() noexcept {
  const auto mark = position_;
  // SYNC(ring): seq_cst, or a weaker machine may load them before the claim that is our fence.
  const auto bell_at = request_.bell_at.load(std::memory_order_seq_cst);
  if (bell_at != 0 && bell_at <= mark && bell_at != bell_rung_) {
    bell_rung_ = bell_at;
    response_.bell.fetch_add(1, std::memory_order_seq_cst);
    os::futex_wake(response_.bell, std::numeric_limits<int>::max(), os::futex_scope::shared);
  }
  const auto notify_at = request_.notify_at.load(std::memory_order_seq_cst);
  if (notify_at != 0 && notify_at <= mark && notify_at != notify_rung_) {
    notify_rung_ = notify_at;
    doorbell_.ring();
  }
}

} // namespace troupe::ipc
