// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/error.hpp"
#include "troupe/process/exit_status.hpp"

#include <cstdint>

namespace troupe {

/// A task's worker died while it ran the task, and no attempt was left.
class worker_lost : public error {
public:
  worker_lost(exit_record record, std::uint64_t task, std::uint32_t attempts);

  /// How the worker ended: code or signal, stack, last lines of stderr.
  [[nodiscard]] const exit_record& exit() const noexcept { return exit_; }
  /// The number of the task in its pool, from 1 in order of submission.
  [[nodiscard]] std::uint64_t task() const noexcept { return task_; }
  /// How often the task was begun.
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }

private:
  exit_record exit_;
  std::uint64_t task_;
  std::uint32_t attempts_;
};

/// The pool gave up: its restart budget is spent, or it cannot start workers at all.
class broken_executor : public error {
public:
  explicit broken_executor(const std::string& message) : error{errc::broken, message} {}
};

} // namespace troupe
