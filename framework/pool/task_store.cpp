// Part of Troupe; see LICENSE.

#include "troupe/pool/task_store.hpp"

namespace troupe {

task_state* task_store::closed_mark() noexcept {
  static task_state mark;
  return &mark;
}

task_state* task_store::take() {
  if (free_ == nullptr) {
    free_ = returned_.exchange(nullptr, std::memory_order_acquire);
    for (auto* t = free_; t != nullptr; t = t->next) --taken_;
  }
  if (free_ == nullptr) {
    auto slab = std::make_unique<task_state[]>(slab_records);
    for (std::size_t i = 0; i + 1 < slab_records; ++i) slab[i].next = &slab[i + 1];
    free_ = slab.get();
    slabs_.push_back(std::move(slab));
  }
  auto* task = free_;
  free_ = task->next;
  ++taken_;
  task->phase.store(0, std::memory_order_relaxed);
  task->handles.store(1, std::memory_order_relaxed);
  task->next = nullptr;
  task->continuations = nullptr;
  task->slot = task_state::no_slot;
  task->how = outcome::pending;
  task->place = byte_place::none;
  task->attempts = 0;
  task->refusals = 0;
  task->had_to_wake = false;
  task->was_running = false;
  return task;
}

bool task_store::give_back(task_state* task) noexcept {
  auto* head = returned_.load(std::memory_order_relaxed);
  do {
    if (head == closed_mark()) {
      return outstanding_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    task->next = head;
  } while (!returned_.compare_exchange_weak(head, task, std::memory_order_acq_rel));
  return false;
}

bool task_store::close() noexcept {
  auto* back = returned_.exchange(closed_mark(), std::memory_order_acq_rel);
  for (; back != nullptr; back = back->next) --taken_;
  // Returns that came in between have counted below zero already.
  const auto taken = static_cast<std::int64_t>(taken_);
  return outstanding_.fetch_add(taken, std::memory_order_acq_rel) + taken == 0;
}

} // namespace troupe
