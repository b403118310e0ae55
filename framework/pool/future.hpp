// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/ipc/wire.hpp"
#include "troupe/pool/task_port.hpp"

#include <coroutine>
#include <exception>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

template<class T>
class future;

namespace detail {

/// For the parts of Troupe that work on tasks without their types.
struct future_access {
  template<class T>
  static task_state& state(const future<T>& of) {
    return of.state();
  }
  /// Waits and appends the elements of the result to `all`, or throws as `get` does.
  template<class E>
  static void append(const future<std::vector<E>>& of, std::vector<E>& all) {
    if constexpr (wire::is_raw<E> && !std::is_same_v<E, bool>) {
      auto& task = of.finished(deadline::never());
      if (const auto wrong = wire::append(task_port::result(task), all)) {
        throw serialization_error{"the task's result: " + wrong->message};
      }
    } else {
      auto part = of.get();
      all.insert(all.end(), std::make_move_iterator(part.begin()),
                 std::make_move_iterator(part.end()));
    }
  }
  /// As `then`, but who waits for the future does not wait for `f`.
  template<class T, class F>
  static void resume(const future<T>& of, F f) {
    add(of, std::move(f), false, false);
  }
  template<class T, class F>
  static void call_back(const future<T>& of, F f) {
    add(of, std::move(f), false, true);
  }
  /// As `then`, but on whichever thread learns of the end, under its pool's lock: `f` gets the
  /// future, keeps it, and neither blocks nor calls the pool.
  template<class T, class F>
  static void at_once(const future<T>& of, F f) {
    add(of, std::move(f), true, false);
  }

private:
  template<class T, class F>
  static void add(const future<T>& of, F f, bool is_immediate, bool is_awaited);
};

/// A continuation that calls `f` and ends itself.
template<class F>
struct callback final : continuation {
  explicit callback(F call) : call_{std::move(call)} {}
  void run() noexcept override {
    report_exceptions(call_);
    delete this;
  }
  F call_;

private:
  static void report_exceptions(F& call) noexcept;
};

/// Logs the exception in flight of a user's callback; it goes no further.
void log_callback_exception() noexcept;

template<class F>
void callback<F>::report_exceptions(F& call) noexcept {
  try {
    call();
  } catch (...) {
    log_callback_exception();
  }
}

} // namespace detail

/// The result of a task that may still be on its way. Copies share the task.
///
/// The result is kept as bytes and decoded by each `get`, so `get` may be repeated and called from
/// several threads. A future may outlive its pool; what was unfinished then is `cancelled_error`.
///
/// Lives in: host. Threads: any; one object at a time as with any value. Blocks: `get`, `wait*`.
/// Crash (of the worker): resolves with worker_lost, or by another attempt.
/// Errors: in a forked copy of the host, whatever would look at the task throws forked_copy. `get`
/// throws what the function threw (same type when it is a standard or registered
/// one, else remote_error), worker_lost, task_timeout_error (it was killed by its time limit),
/// cancelled_error or broken_executor; `get_for` timeout_error, after which the task goes on.
template<class T>
class future {
public:
  using value_type = T;

  future() noexcept = default;
  /// Takes over one handle of `task`.
  explicit future(task_state* task) noexcept : task_{task} {}
  future(const future& other) noexcept : task_{other.task_} {
    if (task_ != nullptr) task_port::add_handle(*task_);
  }
  future(future&& other) noexcept : task_{std::exchange(other.task_, nullptr)} {}
  future& operator=(future other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~future() {
    if (task_ != nullptr) task_port::drop_handle(*task_);
  }

  [[nodiscard]] bool valid() const noexcept { return task_ != nullptr; }
  /// Whether both share one task.
  friend bool operator==(const future& a, const future& b) noexcept { return a.task_ == b.task_; }

  /// Waits and returns the value, or throws what became of the task.
  T get() const { return get_until(deadline::never()); }
  /// As `get`; throws timeout_error after `span`, which leaves the task as it is.
  T get_for(duration span) const { return get_until(deadline::after(span)); }

  void wait() const { (void)task_port::wait(state(), deadline::never()); }
  /// Returns whether it is resolved within `span` (<= 0: looks once).
  [[nodiscard]] bool wait_for(duration span) const {
    return task_port::wait(state(), deadline::after(span));
  }
  [[nodiscard]] bool is_ready() const { return task_port::wait(state(), deadline::now()); }
  /// A worker has begun it and has not answered.
  [[nodiscard]] bool is_running() const { return task_port::is_running(state()); }
  [[nodiscard]] bool is_cancelled() const {
    return is_ready() && state().how == outcome::cancelled;
  }

  /// Waits; returns the exception `get` would throw, or null when there is a value.
  [[nodiscard]] std::exception_ptr exception() const {
    wait();
    return state().how == outcome::value ? nullptr : task_port::exception(state());
  }

  /// Withdraws the task unless a worker has begun it. True: it is cancelled (now or before).
  bool cancel() const { return task_port::cancel(state()); }

  /// Calls `f(future)` once this is resolved: in the order of registration on the thread
  /// "troupe-calls", or at once when it is resolved already. An exception of `f` is logged. `get`
  /// and `wait` of others return after it has run, and so do `join` and the destructor of the pool;
  /// `f` itself may call them.
  template<class F>
  void then(F f) const {
    detail::future_access::call_back(*this, std::move(f));
  }

  /// `co_await future`: resumes on the thread "troupe-calls" and gives what `get` gives.
  auto operator co_await() const {
    struct awaiter {
      future self;
      bool await_ready() const { return self.is_ready(); }
      void await_suspend(std::coroutine_handle<> handle) const {
        detail::future_access::resume(self, [handle](const future&) { handle.resume(); });
      }
      T await_resume() const { return self.get(); }
    };
    return awaiter{*this};
  }

private:
  friend struct detail::future_access;

  [[nodiscard]] task_state& state() const {
    if (task_ == nullptr)
      throw invalid_state{"this future is empty: it was moved from or never set"};
    return *task_;
  }

  /// The task, once it has a value; throws for any other end.
  task_state& finished(deadline limit) const {
    auto& task = state();
    if (!task_port::wait(task, limit)) {
      throw timeout_error{"the task is not finished yet; it goes on, and get may be repeated"};
    }
    if (task.how != outcome::value) std::rethrow_exception(task_port::exception(task));
    return task;
  }

  T get_until(deadline limit) const {
    const auto& task = finished(limit);
    if constexpr (!std::is_void_v<T>) {
      auto value = wire::decode<T>(task_port::result(task));
      if (!value) throw serialization_error{"the task's result: " + value.error().message};
      return *std::move(value);
    }
  }

  task_state* task_ = nullptr;
};

template<class T, class F>
void detail::future_access::add(const future<T>& of, F f, bool is_immediate, bool is_awaited) {
  auto& task = of.state(); // Throws before there is anything to lose.
  task_port::refuse_forked_copy(task);
  auto call = [f = std::move(f), self = of]() mutable { f(std::move(self)); };
  auto each = std::make_unique<callback<decltype(call)>>(std::move(call));
  each->is_immediate = is_immediate;
  each->is_awaited = is_awaited;
  task_port::add_continuation(task, *each.release());
}

} // namespace troupe
