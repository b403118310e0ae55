// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/os/fd.hpp"

#include <functional>
#include <memory>

namespace troupe::os {

class reactor;

/// Keeps a descriptor watched while it lives; see `reactor::add_readable`.
///
/// Lives in: host. Threads: one owner. Blocks: `cancel` and the destructor, when not called on the
/// reactor thread, wait for a callback that is running. Crash: nothing outside the host.
/// Errors: none.
class readiness_watch {
public:
  readiness_watch() noexcept = default;
  readiness_watch(readiness_watch&&) noexcept = default;
  readiness_watch& operator=(readiness_watch&& other) noexcept;
  ~readiness_watch() { cancel(); }

  /// No callback runs or will run after this; the descriptor may be closed then.
  void cancel() noexcept;
  /// Calls `callback` once, as soon as the descriptor can be written. Reactor thread only.
  void when_writable(std::function<void()> callback);
  /// No callback runs until `resume`, whatever there is to read. Reactor thread only, both.
  void pause() noexcept;
  void resume();
  explicit operator bool() const noexcept { return state_ != nullptr; }

private:
  friend class reactor;
  struct state;
  std::shared_ptr<state> state_;
};

/// Keeps a timer alive while it lives; see `reactor::add_timer`.
///
/// Lives in: host. Threads: one owner. Blocks: never; when cancelled off the reactor thread, a
/// callback that has begun still ends. Crash: nothing outside the host. Errors: none.
class timer {
public:
  timer() noexcept = default;
  timer(timer&&) noexcept = default;
  timer& operator=(timer&& other) noexcept;
  ~timer() { cancel(); }

  void cancel() noexcept;
  /// True until the timer has fired or was cancelled.
  [[nodiscard]] bool is_pending() const noexcept;

private:
  friend class reactor;
  struct state;
  std::shared_ptr<state> state_;
};

/// The one thread ("troupe-reactor") that turns kernel events into calls. All signals are blocked
/// in it, so it never runs a handler of the embedding program.
///
/// Lives in: host. Threads: any; callbacks run on the reactor's thread and must not block.
/// Blocks: only the destructor, for the callback that is running. Crash: nothing outside the host.
/// Errors: `add_readable` throws std::system_error when the kernel watches no more; what it refuses
/// later is asked for again until it is granted; an exception
/// that leaves a callback is printed to stderr if that has room, and the thread goes on. In a
/// forked copy of the process that made it, everything but destructors and `cancel` throws
/// forked_copy, and those do nothing; a callback that forks must not return in the copy, which is
/// ended then.
class reactor {
public:
  /// Starts the thread. Throws std::system_error when the process is out of threads or descriptors.
  reactor();
  /// Ends the thread; what was posted and has not run is dropped. Watches must be gone before.
  /// @pre not on the reactor thread
  ~reactor();
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  /// Runs `function` on the reactor thread, after everything posted before.
  void post(std::function<void()> function);

  /// Calls `on_readable` whenever there is something to read, a hang-up or an error (pipe, socket,
  /// pidfd, eventfd); again and again while it lasts. The descriptor becomes non-blocking, stays
  /// the caller's, must outlive the watch and may be watched only once. Off the reactor thread the
  /// first call may come before this returns.
  [[nodiscard]] readiness_watch add_readable(const fd& descriptor,
                                             std::function<void()> on_readable);

  /// Calls `function` once at `when`.
  [[nodiscard]] timer add_timer(time_point when, std::function<void()> function);

  [[nodiscard]] bool is_reactor_thread() const noexcept;

private:
  friend class readiness_watch;
  friend class timer;
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace troupe::os
