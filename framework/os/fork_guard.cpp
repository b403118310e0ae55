// Part of Troupe; see LICENSE.

#include "troupe/os/fork_guard.hpp"

#include "troupe/base/error.hpp"

#include <cstdio>
#include <string>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace troupe::os {

namespace detail {

constinit std::atomic<std::atomic<std::uint64_t>*> stamp_word{nullptr};

namespace {

// Stands in `stamp_word` where the kernel wipes no pages (before Linux 4.14, or a filter of calls).
constinit std::atomic<std::uint64_t> no_page{0};
constinit std::atomic<std::uint64_t> last_stamp{0}; // Copied by fork, so a copy counts on.
constinit std::atomic<std::uint64_t> forks_seen{0}; // Without a page: fork() calls behind us.
constinit std::atomic<bool> counts_forks{false};

constexpr int pid_bits = 32;
constexpr int exit_code_of_returned_copy = 70; // EX_SOFTWARE

std::atomic<std::uint64_t>* make_wiped_page() noexcept {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return &no_page;
  if (::madvise(page, size, MADV_WIPEONFORK) != 0) {
    ::munmap(page, size);
    return &no_page;
  }
  return ::new (page) std::atomic<std::uint64_t>{0};
}

void count_forks() noexcept {
  if (counts_forks.exchange(true)) return;
  // Should there be no memory for it, the pid alone has to tell.
  static_cast<void>(::pthread_atfork(nullptr, nullptr, [] { forks_seen.fetch_add(1); }));
}

// Without a page: a copy made by fork() has counted one more, one made by clone has another pid.
std::uint64_t stamp_without_page() noexcept {
  return (forks_seen.load() << pid_bits) | static_cast<std::uint64_t>(::getpid());
}

} // namespace

std::uint64_t find_stamp() noexcept {
  auto* word = stamp_word.load(std::memory_order_acquire);
  if (word == nullptr) {
    auto* const made = make_wiped_page();
    if (made == &no_page) count_forks();
    // One thread decides for all; a second page, of one that came too late, is not worth a call.
    if (stamp_word.compare_exchange_strong(word, made, std::memory_order_acq_rel)) word = made;
  }
  if (word == &no_page) return stamp_without_page();
  const auto mine = last_stamp.fetch_add(1) + 1;
  std::uint64_t found = 0;
  return word->compare_exchange_strong(found, mine) ? mine : found;
}

void end_forked_copy(const char* what) noexcept {
  // Unbuffered, and no destructors: what is in stdio's buffers is the other process's to write.
  ::dprintf(STDERR_FILENO,
            "troupe: %s has forked and returned in the child (pid %d), which ends here; "
            "let such a child end with _exit or exec\n",
            what, static_cast<int>(::getpid()));
  ::_exit(exit_code_of_returned_copy);
}

} // namespace detail

void throw_forked_copy(std::string_view what) {
  throw forked_copy{std::string{what} +
                    " belongs to the process that this one was forked from: its workers and "
                    "threads stay there. Use it there; or fork (or call daemon()) before the first "
                    "pool is made; or exec in the child"};
}

} // namespace troupe::os
