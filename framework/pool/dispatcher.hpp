// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/os/event_fd.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe {

/// Something the dispatcher serves: a pool, or the slots of a pipeline.
///
/// Lives in: host. Threads: the dispatcher's. Blocks: must not. Crash: nothing outside the host.
/// Errors: must not throw.
class dispatched {
public:
  virtual ~dispatched() = default;
  /// Somebody rang: drain answers, feed workers. On the dispatcher thread. Returns as `tick`.
  virtual time_point serve(time_point now) = 0;
  /// Time passed. Returns when it wants to be called next; `time_point::max()`: when rung.
  virtual time_point tick(time_point now) = 0;
};

/// The one thread that keeps pools going when no caller waits: drains answers, feeds workers and
/// watches time limits.
///
/// Lives in: host, thread "troupe-disp". Threads: any may call. Blocks: never, except the
/// destructor, which joins the thread, and `remove`, which waits until the member is not served.
/// Crash: nothing outside the host. Errors: the constructor throws std::system_error.
class dispatcher {
public:
  dispatcher();
  ~dispatcher();
  dispatcher(const dispatcher&) = delete;
  dispatcher& operator=(const dispatcher&) = delete;

  void add(std::shared_ptr<dispatched> member);
  /// The member is not called any more once this has returned. Not from the dispatcher thread.
  void remove(const dispatched& member);

  /// Lets `doorbell` ring for `member` until `unwatch`.
  void watch(const os::fd& doorbell, dispatched& member);
  void unwatch(const os::fd& doorbell) noexcept;

  /// Has every member ticked soon. Any thread; cheap when it is awake.
  void wake() noexcept;
  /// Runs `action` on the dispatcher thread.
  void post(std::function<void()> action);

  [[nodiscard]] bool is_dispatcher_thread() const noexcept {
    return std::this_thread::get_id() == thread_.get_id();
  }

private:
  void run();
  void run_posted();
  time_point tick_all(time_point now);
  time_point serve_rung(const std::vector<dispatched*>& rung, time_point now);

  os::fd epoll_;
  os::event_fd command_;
  std::atomic<bool> is_stopping_{false};

  std::mutex mutex_; // Protects what follows.
  std::vector<std::shared_ptr<dispatched>> members_;
  std::vector<std::function<void()>> posted_;

  std::mutex serving_; // Held while members are called.
  std::thread thread_;
};

} // namespace troupe
