// Part of Troupe; see LICENSE.

#pragma once

#include <functional>
#include <memory>

namespace troupe {

/// Runs users' callbacks and resumes their coroutines, in order, so that none of them can hold up
/// the dispatcher.
///
/// Lives in: host, thread "troupe-calls". Threads: any may post. Blocks: the destructor, until the
/// calls posted so far have returned (not when it runs in one of them). Crash: nothing outside the
/// host. Errors: the constructor throws std::system_error; an exception out of a call is logged and
/// goes no further.
class call_runner {
public:
  call_runner();
  ~call_runner();
  call_runner(const call_runner&) = delete;
  call_runner& operator=(const call_runner&) = delete;

  void post(std::function<void()> call);
  /// Whether it is a call of some runner that asks.
  [[nodiscard]] static bool is_this_thread() noexcept;

private:
  struct state;
  static void run(const std::shared_ptr<state>& shared);

  std::shared_ptr<state> state_; // Shared with the thread: a callback may end its own runner.
};

} // namespace troupe
