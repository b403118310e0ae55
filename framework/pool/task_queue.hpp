// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/task_state.hpp"

#include <utility>

namespace troupe {

/// Tasks in their order, linked through `task_state::next`.
///
/// Lives in: host. Threads: one owner (its pool's lock). Blocks: never.
/// Crash: nothing outside the host. Errors: none.
class task_queue {
public:
  [[nodiscard]] task_state* first() const noexcept { return first_; }
  [[nodiscard]] bool is_empty() const noexcept { return first_ == nullptr; }

  void push_back(task_state& task) noexcept {
    task.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &task;
    last_ = &task;
  }

  void push_front(task_state& task) noexcept {
    task.next = first_;
    first_ = &task;
    if (last_ == nullptr) last_ = &task;
  }

  /// @pre `!is_empty()`
  task_state& pop_first() noexcept {
    auto& task = *first_;
    first_ = std::exchange(task.next, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    return task;
  }

private:
  task_state* first_ = nullptr;
  task_state* last_ = nullptr;
};

} // namespace troupe
