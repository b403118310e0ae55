// Part of Troupe; see LICENSE.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe::os {

namespace detail {

/// Where this process's stamp is: a page that the kernel fills with zeros in every forked copy,
/// raw clone calls included. Null before the first use.
extern constinit std::atomic<std::atomic<std::uint64_t>*> stamp_word;

/// The stamp of a process that has not asked before, or whose kernel wipes no pages.
[[gnu::cold]] std::uint64_t find_stamp() noexcept;

[[noreturn, gnu::cold]] void end_forked_copy(const char* what) noexcept;

} // namespace detail

/// Throws `troupe::forked_copy`; `what` begins the sentence ("the pool 'a'").
[[noreturn, gnu::cold]] void throw_forked_copy(std::string_view what);

/// A number that this process shares with none of the processes it was forked from, and with no
/// copy of it that is forked later. Never 0. Costs two loads.
[[nodiscard]] inline std::uint64_t process_stamp() noexcept {
  const auto* const word = detail::stamp_word.load(std::memory_order_acquire);
  if (word != nullptr) {
    // SYNC(none): written once per process.
    if (const auto stamp = word->load(std::memory_order_relaxed); stamp != 0) return stamp;
  }
  return detail::find_stamp();
}

/// Tells the process that made an object from the copies of it that fork() or daemon() leave
/// behind. In a copy, threads are missing, locks may be held for ever by threads that are not
/// there, and descriptors and shared memory are those of the other process: what has a guard must
/// be left alone there, by destructors too.
///
/// A child of vfork() shares the memory and cannot be told apart; it may only exec anyway.
///
/// Lives in: any process. Threads: any. Blocks: never. Crash: nothing shared. Errors: none but
/// those that it is made for.
class fork_guard {
public:
  fork_guard() noexcept : stamp_{process_stamp()} {}

  [[nodiscard]] bool is_forked_copy() const noexcept { return process_stamp() != stamp_; }

  /// As `throw_forked_copy`, in a forked copy.
  void refuse_forked_copy(std::string_view what) const {
    if (is_forked_copy()) throw_forked_copy(what);
  }

  /// In a forked copy, says so on stderr and ends the process at once. For threads of ours: what
  /// they call may fork and then return in the copy, where there is nothing to go on with.
  void end_forked_copy(const char* what) const noexcept {
    if (is_forked_copy()) detail::end_forked_copy(what);
  }

private:
  std::uint64_t stamp_;
};

/// Lets go of a value without its destructor, and without allocating: for what belongs to the
/// process this one was forked from.
template<class T>
void leak(T&& value) noexcept {
  static_assert(std::is_nothrow_move_constructible_v<T> && !std::is_reference_v<T>);
  alignas(T) std::byte room[sizeof(T)];
  ::new (static_cast<void*>(room)) T(std::move(value));
}

} // namespace troupe::os
