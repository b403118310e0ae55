// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/launcher.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace troupe {

/// Takes every line workers write, instead of stdout and stderr.
using output_sink =
    std::function<void(std::string_view name, output_stream, std::string_view line)>;
/// Takes every line of Troupe's own, instead of stderr.
using log_sink = std::function<void(std::string_view line)>;

/// A function of the user's that may be exchanged while it is called.
///
/// Lives in: host. Threads: any. Blocks: `set`, until a call of the old function has returned, but
/// not when that call is what calls `set`. Crash: nothing outside the host.
/// Errors: what the function throws goes to the caller.
template<class Function>
class sink_slot {
public:
  /// After this the old function is not called any more. An empty one: none.
  void set(Function function) {
    auto next = function ? std::make_shared<entry>(std::move(function)) : nullptr;
    std::unique_lock lock{mutex_};
    const auto old = std::exchange(current_, std::move(next));
    if (!old || old->caller == std::this_thread::get_id()) return;
    returned_.wait(lock, [&] { return old->caller == std::thread::id{}; });
  }

  [[nodiscard]] bool is_set() const {
    const std::lock_guard lock{mutex_};
    return current_ != nullptr;
  }

  /// False: there is none to call. Calls come one after the other.
  template<class... Args>
  bool call(Args&&... args) {
    const auto called = begin();
    if (!called) return false;
    const ending after{*this, *called};
    called->function(std::forward<Args>(args)...);
    return true;
  }

private:
  struct entry {
    explicit entry(Function f) : function{std::move(f)} {}
    const Function function;
    std::thread::id caller{}; // Under `mutex_`; nobody: not being called.
  };
  struct ending {
    ~ending() {
      {
        const std::lock_guard lock{slot.mutex_};
        called.caller = {};
      }
      slot.returned_.notify_all();
    }
    sink_slot& slot;
    entry& called;
  };

  std::shared_ptr<entry> begin() {
    std::unique_lock lock{mutex_};
    // Two writers at once: the one of an environment that ends, and that of the next.
    returned_.wait(lock, [&] { return !current_ || current_->caller == std::thread::id{}; });
    if (current_) current_->caller = std::this_thread::get_id();
    return current_;
  }

  mutable std::mutex mutex_;
  std::condition_variable returned_;
  std::shared_ptr<entry> current_;
};

/// Where lines go, if not to stdout and stderr.
struct output_sinks {
  sink_slot<output_sink> output;
  sink_slot<log_sink> log;
};

} // namespace troupe
