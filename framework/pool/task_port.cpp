// Part of Troupe; see LICENSE.

#include "troupe/pool/task_port.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/pool/call_runner.hpp"
#include "troupe/pool/pool_core.hpp"
#include "troupe/pool/remote_exception.hpp"
#include "troupe/pool/worker_lost.hpp"
#include "troupe/process/code_name.hpp"

#include <cstdlib>
#include <limits>

namespace troupe {

task_detail::~task_detail() = default;

namespace task_port {

namespace {

bool wait_for_callbacks(task_state& task, deadline limit) {
  if (call_runner::is_this_thread()) return true;
  for (;;) {
    const auto phase = task.phase.load(std::memory_order_acquire);
    if ((phase & task_state::has_callbacks) == 0) return true;
    if (limit.has_passed()) return false;
    os::futex_wait(task.phase, phase, limit, os::futex_scope::process);
  }
}

} // namespace

void refuse_forked_copy(const task_state& task) {
  task.core->refuse_forked_copy();
}

bool wait(task_state& task, deadline limit) {
  refuse_forked_copy(task);
  if (!task.is_resolved() && !task.core->wait(task, limit)) return false;
  const auto phase = task.phase.load(std::memory_order_relaxed);
  return (phase & task_state::has_callbacks) == 0 || wait_for_callbacks(task, limit);
}

void end_callbacks(task_state& task) noexcept {
  const auto before = task.phase.fetch_and(~task_state::has_callbacks, std::memory_order_release);
  if ((before & task_state::has_callbacks) != 0) {
    os::futex_wake(task.phase, std::numeric_limits<int>::max(), os::futex_scope::process);
  }
  drop_handle(task);
}

bool cancel(task_state& task) {
  refuse_forked_copy(task);
  if (task.is_resolved()) return task.how == outcome::cancelled;
  return task.core->cancel(task);
}

bool is_running(task_state& task) {
  refuse_forked_copy(task);
  return !task.is_resolved() && task.core->is_running(task);
}

void add_continuation(task_state& task, continuation& what) {
  refuse_forked_copy(task);
  if (task.is_resolved()) return what.run();
  task.core->add_continuation(task, what);
}

bool remove_continuation(task_state& task, continuation& what) noexcept {
  if (task.core->is_forked_copy()) return false;
  return !task.is_resolved() && task.core->remove_continuation(task, what);
}

void add_handle(task_state& task) noexcept {
  task.handles.fetch_add(1, std::memory_order_relaxed);
}

void drop_handle(task_state& task) noexcept {
  // The usual case, one future and no copies, needs no atomic write.
  if (task.handles.load(std::memory_order_acquire) != 1 &&
      task.handles.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  if (task.core->is_forked_copy()) return; // The record is the other process's affair.
  if (task.is_resolved() || !task.core->abandon_task(task)) destroy(task);
}

void destroy(task_state& task) noexcept {
  switch (task.how) {
  case outcome::value:
  case outcome::error:
    if (task.place == byte_place::heap) std::free(task.heap);
    break;
  case outcome::lost:
  case outcome::timed_out:
  case outcome::failed:
    delete static_cast<task_detail*>(task.detail);
    break;
  case outcome::cancelled:
  case outcome::pending:
    break;
  }
  task.place = byte_place::none;
  task.core->recycle(task);
}

std::span<const std::byte> result(const task_state& task) noexcept {
  if (task.place == byte_place::heap) return {task.heap, task.size};
  return std::span{task.here}.first(task.size);
}

std::exception_ptr exception(const task_state& task) {
  const auto* const detail = static_cast<const task_detail*>(task.detail);
  switch (task.how) {
  case outcome::error: {
    const auto name = name_of_code(code_address{task.function});
    return decode_exception(result(task),
                            {.trace = "in task " + std::to_string(task.id) + ": " + name});
  }
  case outcome::lost:
    return std::make_exception_ptr(worker_lost{*detail->record, detail->task, task.attempts});
  case outcome::timed_out:
    return std::make_exception_ptr(task_timeout_error{detail->cause.message});
  case outcome::failed:
    return std::make_exception_ptr(broken_executor{detail->cause.message});
  case outcome::cancelled:
    return std::make_exception_ptr(cancelled_error{
        "task " + std::to_string(task.id) + " of pool '" + task.core->settings().name +
        (task.was_running ? "' was running when the pool was terminated"
                          : "' was cancelled before a worker began it")});
  case outcome::pending:
  case outcome::value:
    break;
  }
  TROUPE_ASSERT(false && "asked for the exception of a task that has none");
  return {};
}

} // namespace task_port

} // namespace troupe
