// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fork_guard.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace troupe::detail {

/// What finished tasks are collected in, in the order in which they finished. Bounded by the number
/// of tasks its owner has in flight.
template<class T>
class completion_queue {
public:
  void put(T value) {
    {
      const std::lock_guard lock{mutex_};
      values_.push_back(std::move(value));
    }
    has_value_.notify_one();
  }

  /// Throws forked_copy where nobody puts anything in: in a forked copy.
  T take() {
    guard_.refuse_forked_copy("what a pool still works on");
    std::unique_lock lock{mutex_};
    has_value_.wait(lock, [this] { return !values_.empty(); });
    auto value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

private:
  const os::fork_guard guard_;
  std::mutex mutex_;
  std::condition_variable has_value_;
  std::deque<T> values_;
};

} // namespace troupe::detail
