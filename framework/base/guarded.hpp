// Part of Troupe; see LICENSE.

#pragma once

#include <mutex>
#include <utility>

namespace troupe {

/// A value that can only be reached while its mutex is held.
///
/// Lives in: any process. Threads: any. Blocks: for the length of the other callers' functions.
/// Crash: nothing outside this process. Errors: none of its own.
template<class T>
class guarded {
public:
  template<class... Args>
  explicit guarded(Args&&... args) : value_{std::forward<Args>(args)...} {}

  /// Calls `f(value)` under the lock and returns its result.
  template<class F>
  decltype(auto) with(F&& f) {
    const std::lock_guard lock{mutex_};
    return std::forward<F>(f)(value_);
  }

  template<class F>
  decltype(auto) with(F&& f) const {
    const std::lock_guard lock{mutex_};
    return std::forward<F>(f)(value_);
  }

private:
  mutable std::mutex mutex_;
  T value_;
};

} // namespace troupe
