// Part of Troupe; see LICENSE.

#include "troupe/pool/wait_for_futures.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

namespace troupe::detail {

struct task_listener::board {
  std::mutex mutex; // Protects what follows. Taken under the locks of pools, never before one.
  std::condition_variable changed;
  std::size_t pending = 0;
  std::size_t done = 0;
  bool has_failed = false;

  void note_end(outcome how) {
    {
      const std::lock_guard lock{mutex};
      --pending;
      ++done;
      has_failed = has_failed || (how != outcome::value && how != outcome::cancelled);
    }
    changed.notify_all();
  }
};

/// Stands in the task until it ends. Holds the task's record.
struct task_listener::note final : continuation {
  note(std::shared_ptr<board> to, task_state& of) : board_{std::move(to)}, task_{of} {
    is_immediate = true;
    task_port::add_handle(of);
  }
  ~note() override { task_port::drop_handle(task_); }

  void run() noexcept override {
    board_->note_end(task_.how);
    delete this;
  }

  const std::shared_ptr<board> board_;
  task_state& task_;
};

task_listener::task_listener() : board_{std::make_shared<board>()} {}

task_listener::~task_listener() {
  // A note that has run is gone, but then its task is resolved, and nothing looks at the note.
  for (const auto& [task, each] : notes_) {
    if (task_port::remove_continuation(*task, *each)) delete each;
  }
}

void task_listener::listen_to(task_state& task) {
  auto own = std::make_unique<note>(board_, task);
  notes_.emplace_back(&task, own.get());
  {
    const std::lock_guard lock{board_->mutex};
    ++board_->pending;
  }
  task_port::add_continuation(task, *own.release());
}

void task_listener::wait(when condition, deadline limit) {
  if (condition < when::first_completed || condition > when::all_completed) {
    throw std::invalid_argument{"troupe::wait: there is no condition " +
                                std::to_string(static_cast<int>(condition))};
  }
  const auto holds = [this, condition] {
    if (board_->pending == 0) return true;
    return condition == when::first_completed   ? board_->done > 0
           : condition == when::first_exception ? board_->has_failed
                                                : false;
  };
  std::unique_lock lock{board_->mutex};
  if (limit.is_never()) {
    board_->changed.wait(lock, holds);
  } else if (!limit.has_passed()) {
    board_->changed.wait_until(lock, limit.when(), holds);
  }
}

} // namespace troupe::detail
