// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/pool/future.hpp"
#include "troupe/pool/map_rules.hpp"
#include "troupe/pool/pool_options.hpp"
#include "troupe/pool/remote_exception.hpp"
#include "troupe/pool/worker_lost.hpp"
#include "troupe/pool/zipped.hpp"

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace troupe {

class pool_core;

/// Limits of one task that differ from its pool's.
struct task_options {
  /// How long it may run from its begin, its waiting not counted; 0: the pool's. Never killed
  /// early; how late depends on the machine, and is milliseconds where a core is free. An answer
  /// that was published before the kill counts, however late it is.
  duration timeout{};
  int max_attempts = 0; ///< 0: the pool's.
};

/// How a range is cut and how far ahead of the results it is read.
struct map_options {
  std::size_t chunk = 0;      ///< Elements per task; 0: chosen by the length and the workers.
  std::size_t look_ahead = 0; ///< Chunks in flight; 0: chosen by the workers.
};

/// A buffer that lies where workers read it: filled in place and passed without a copy.
///
/// Lives in: host. Threads: one owner. Blocks: never. Crash: nothing outside the host.
/// Errors: `bytes` throws forked_copy in a forked copy, which does not have the memory: a span kept
/// from before the fork must not be used there. Made by `pool::loan_buffer`.
class loan {
public:
  loan(loan&& other) noexcept;
  loan& operator=(loan&& other) noexcept;
  ~loan();

  [[nodiscard]] std::span<std::byte> bytes() const;

private:
  friend class pool;
  loan(std::shared_ptr<pool_core> core, large_payload room, std::span<std::byte> bytes) noexcept;

  std::shared_ptr<pool_core> core_;
  large_payload room_;
  std::span<std::byte> bytes_;
};

/// OS processes that run this program's functions.
///
/// A function is a free function, a captureless lambda, or an object whose state can be encoded;
/// arguments and results are trivially copyable, aggregates, containers, or have an `inspect`. What
/// does not fit is refused when it is compiled. All workers are started by the constructor.
/// The destructor of an open pool terminates it: queued tasks are cancelled, running ones killed.
/// That of a closed pool waits until every task has finished, as `close` promised; give tasks a
/// time limit (`task_timeout`) if they may hang, for a worker that hangs in a task without one is
/// not replaced, and whoever waits for the task waits on.
/// Then the destructor waits, as long as it takes, until the callbacks (`future::then`) of all its
/// tasks have returned and coroutines that awaited them have come to their next wait: they may
/// use whatever outlives the pool, but must not need a lock that its destroyer holds. In a callback
/// or such a coroutine the destructor and `join` wait for no callbacks.
///
/// Lives in: host. Threads: any. Blocks: `map` and its like, `apply`, `join`, `terminate`, the
/// destructor (until the workers are gone and callbacks have returned; of a closed pool, until its
/// tasks are done).
/// Crash (of a worker): its running task is tried again or fails with worker_lost; no other task
/// notices. Errors: the constructor throws `error` (not_initialised), std::invalid_argument, or
/// std::system_error. In a forked copy of the host (after fork() or daemon()) everything throws
/// forked_copy at once, the constructor of a new pool too; the destructor does nothing there.
class pool {
public:
  explicit pool(const pool_options& options = {});
  ~pool();
  pool(pool&&) noexcept;
  pool& operator=(pool&&) noexcept;

  /// Sends one call to a worker. Never blocks. Throws closed_error after `close` or `terminate`,
  /// broken_executor when the pool gave up, `error` when too much waits (would_block) or the call
  /// is too large (too_large), serialization_error when an argument has no bytes.
  template<class F, class... As>
  auto submit(F&& f, As&&... arguments) {
    return submit_with({}, std::forward<F>(f), std::forward<As>(arguments)...);
  }

  /// As `submit`, with limits of its own; one that makes no sense is a std::invalid_argument.
  template<class F, class... As>
  auto submit_with(const task_options& options, F&& f, As&&... arguments) {
    detail::encoded_call call;
    large_room room{core()};
    detail::encode_call(call, room, std::forward<F>(f), std::forward<As>(arguments)...);
    return future<detail::call_result_t<F, As...>>{send(call, room, options)};
  }

  /// Sends `f` a loaned buffer; `f` takes one std::span<const std::byte>. Throws as `submit`, and
  /// std::invalid_argument for a buffer of another pool or one that was sent.
  template<class R>
  future<R> submit(R (*f)(std::span<const std::byte>), loan&& buffer) {
    static_assert(detail::is_result<R>());
    const auto address = address_of_code(reinterpret_cast<const void*>(f)).packed;
    return future<R>{send_loan(detail::code_of<&detail::invoke_loan<R>>(), address, buffer)};
  }

  template<class F>
  requires(std::is_class_v<std::decay_t<F>>&& requires(F f) { +f; }) auto submit(F&& f,
                                                                                 loan&& buffer) {
    return submit(+f, std::move(buffer));
  }

  /// A buffer of `size_bytes` to fill and submit. Throws as `submit`.
  [[nodiscard]] loan loan_buffer(std::size_t size_bytes);

  /// Calls and waits.
  template<class F, class... As>
  auto apply(F&& f, As&&... arguments) {
    return submit(std::forward<F>(f), std::forward<As>(arguments)...).get();
  }

  /// Applies `f` to every element and returns the results in input order. If calls fail, throws
  /// the error with the lowest index once all others are done. An exception of the range itself
  /// goes through as it is.
  template<class Range, class F>
  auto map(F&& f, Range&& range, const map_options& options = {}) {
    return run_map<false>(std::forward<F>(f), std::forward<Range>(range), options);
  }

  /// As `map`, for a function of two parameters: of the elements of two ranges, side by side, up to
  /// the end of the shorter.
  template<class First, class Second, class F>
  requires(!std::is_convertible_v<Second, map_options>) auto map(F&& f, First&& first,
                                                                 Second&& second,
                                                                 const map_options& options = {}) {
    using one = std::remove_reference_t<First>;
    using other = std::remove_reference_t<Second>;
    if constexpr (detail::is_pair_map_call<std::decay_t<F>, one, other>()) {
      return run_map<true>(std::forward<F>(f), detail::zipped<one, other>{first, second}, options);
    }
  }

  /// As above, with the elements written down: `map(f, {1, 2, 3})`.
  template<class T, class F>
  auto map(F&& f, std::initializer_list<T> range, const map_options& options = {}) {
    return run_map<false>(std::forward<F>(f), range, options);
  }
  template<class T, class U, class F>
  auto map(F&& f, std::initializer_list<T> first, std::initializer_list<U> second,
           const map_options& options = {}) {
    return map(std::forward<F>(f), std::span{first}, std::span{second}, options);
  }

  /// As `map`, with tuples as elements: each is one list of arguments.
  template<class Range, class F>
  auto starmap(F&& f, Range&& range, const map_options& options = {}) {
    return run_map<true>(std::forward<F>(f), std::forward<Range>(range), options);
  }

  template<class T, class F>
  auto starmap(F&& f, std::initializer_list<T> range, const map_options& options = {}) {
    return run_map<true>(std::forward<F>(f), range, options);
  }

  /// Calls `use(index, result)` on this thread for every element as results come; the range is
  /// read no further ahead than `look_ahead` chunks. The first error ends it: what is in flight is
  /// waited for, then the error is thrown.
  template<class Range, class F, class Use>
  void for_each_completed(F&& f, Range&& range, Use&& use, const map_options& options = {});
  template<class T, class F, class Use>
  void for_each_completed(F&& f, std::initializer_list<T> range, Use&& use,
                          const map_options& options = {}) {
    for_each_completed(std::forward<F>(f), std::span{range}, std::forward<Use>(use), options);
  }

  /// No new tasks; queued ones are finished and the workers leave, also when the pool goes out of
  /// scope meanwhile. Does not wait for it: `join` and the destructor do. May be called twice.
  void close();
  /// Waits for the end of a closed pool and of its futures' callbacks; false: `span` passed first.
  /// Throws invalid_state when neither `close` nor `terminate` was called.
  bool join(duration span = duration::max());
  /// Cancels queued tasks and kills the workers. Does not wait for callbacks. May be called twice.
  void terminate();

  [[nodiscard]] pool_counters stats() const;
  [[nodiscard]] std::size_t size() const noexcept;
  /// Process ids of the workers that live now; for people, not for signals.
  [[nodiscard]] std::vector<int> worker_pids() const;

private:
  /// Gives `encode_call` room for a large payload, and takes it back if the call is not sent.
  class large_room {
  public:
    explicit large_room(pool_core& core) noexcept : core_{core} {}
    ~large_room();
    large_room(const large_room&) = delete;
    std::span<std::byte> operator()(std::size_t size_bytes);
    large_payload payload{};

  private:
    pool_core& core_;
  };

  /// Throws invalid_state when this pool was moved from, forked_copy in a forked copy.
  [[nodiscard]] pool_core& core() const;
  task_state* send(const detail::encoded_call& call, large_room& room, const task_options& options);
  task_state* send_loan(std::uint64_t code, std::uint64_t function, loan& buffer);

  template<bool IsStar, class F, class Range>
  auto run_map(F&& f, Range&& range, const map_options& options);
  template<bool IsStar, class F, class Range>
  auto run_sound_map(F& f, Range& range, const map_options& options);
  template<class Range, class F, class Use>
  void run_sound_for_each(F& f, Range& range, Use& use, const map_options& options);
  template<bool IsStar, class F, class Items>
  auto submit_chunk(F& f, const Items& items);

  std::shared_ptr<pool_core> core_;
};

} // namespace troupe

#include "troupe/pool/pool_map.hpp"
