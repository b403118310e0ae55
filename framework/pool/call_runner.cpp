// Part of Troupe; see LICENSE.

#include "troupe/pool/call_runner.hpp"

#include "troupe/os/fork_guard.hpp"
#include "troupe/os/thread.hpp"
#include "troupe/os/thread_name.hpp"
#include "troupe/pool/future.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe {

namespace {

thread_local bool is_runner_thread = false;

} // namespace

struct call_runner::state {
  std::mutex mutex; // Protects what follows.
  std::condition_variable has_work;
  std::vector<std::function<void()>> calls;
  bool is_stopping = false;
  std::thread thread; // The owner's alone.
};

call_runner::call_runner() : state_{std::make_shared<state>()} {
  // Now, not with the first call: that comes from `resolve`, which has no way to fail.
  state_->thread = os::start_thread("troupe-calls", [s = state_] { run(s); });
}

call_runner::~call_runner() {
  std::thread thread;
  {
    const std::lock_guard lock{state_->mutex};
    state_->is_stopping = true;
    thread = std::move(state_->thread);
  }
  state_->has_work.notify_one();
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
  } else {
    thread.join();
  }
}

void call_runner::post(std::function<void()> call) {
  {
    const std::lock_guard lock{state_->mutex};
    state_->calls.push_back(std::move(call));
  }
  state_->has_work.notify_one();
}

bool call_runner::is_this_thread() noexcept {
  return is_runner_thread;
}

void call_runner::run(const std::shared_ptr<state>& shared) {
  is_runner_thread = true;
  const os::fork_guard guard;
  std::vector<std::function<void()>> calls;
  for (;;) {
    {
      std::unique_lock lock{shared->mutex};
      shared->has_work.wait(lock, [&] { return shared->is_stopping || !shared->calls.empty(); });
      if (shared->calls.empty()) return;
      calls.swap(shared->calls);
    }
    for (auto& call : calls) {
      try {
        call();
      } catch (...) {
        detail::log_callback_exception();
      }
      guard.end_forked_copy("a callback of a future");
    }
    calls.clear();
  }
}

} // namespace troupe
