// Part of Troupe; see LICENSE.

#include "troupe/process/detail/crash_page.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstring>

#include <boost/stacktrace/safe_dump_to.hpp>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace troupe::detail {

enum class page_state : std::uint32_t { untouched, writing, complete };

struct crash_arena::layout {
  std::atomic<page_state> state;
  std::atomic<std::int32_t> owner_pid;
  std::int32_t signal;
  std::uint64_t fault_address;
  std::uint64_t program_counter;
  std::uint64_t frames[crash_frames_max + 1]; // Ends with a zero.
  std::uint32_t library_count;                // Written before any crash, by the thread that loads.
  crash_library libraries[crash_libraries_max];
};

namespace {

static_assert(sizeof(crash_arena::layout) <= crash_arena::page_bytes);
static_assert(sizeof(void*) == sizeof(std::uint64_t));

constexpr int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

// The handler reaches them without a lock or a lookup.
constinit std::atomic<crash_arena::layout*> page_of_process{nullptr};
alignas(16) constinit std::byte handler_stack[64 * 1024]{};

std::uint64_t program_counter_of(const void* context) noexcept {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return machine.pc;
#else
  static_cast<void>(machine);
  return 0;
#endif
}

// Async-signal-safe. SA_RESETHAND has put the default disposition back already.
void write_last_words(int signal, siginfo_t* info, void* context) noexcept {
  auto* page = page_of_process.load();
  // A child that the worker forked shares the page but has no right to it.
  if (page != nullptr && page->owner_pid.load() == ::getpid()) {
    auto before = page_state::untouched;
    if (page->state.compare_exchange_strong(before, page_state::writing)) {
      page->signal = signal;
      page->fault_address = reinterpret_cast<std::uintptr_t>(info->si_addr);
      page->program_counter = program_counter_of(context);
      boost::stacktrace::safe_dump_to(page->frames, sizeof page->frames);
      // CRASH(1): killed before this store, the reader sees "writing" and ignores the page.
      page->state.store(page_state::complete);
    }
  }
  // Pending until the handler returns, then deadly, with the registers of the crash in the core.
  ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
}

} // namespace

crash_arena::crash_arena() noexcept
    : page_bytes_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))} {
  // Memory comes with the first write to a page: the size costs nothing.
  void* at = ::mmap(nullptr, pages_max * page_bytes_, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at != MAP_FAILED) begin_ = static_cast<std::byte*>(at);
}

crash_arena::~crash_arena() {
  if (begin_ != nullptr) ::munmap(begin_, pages_max * page_bytes_);
}

crash_arena::layout* crash_arena::at(int page) const noexcept {
  return reinterpret_cast<layout*>(begin_ + static_cast<std::size_t>(page) * page_bytes_);
}

int crash_arena::take() {
  if (begin_ == nullptr) return no_page;
  if (free_.empty()) return never_used_ < pages_max ? never_used_++ : no_page;
  const int page = free_.back();
  free_.pop_back();
  return page;
}

void crash_arena::give_back(int page) {
  if (page == no_page) return;
  // A grandchild may still write here; then the next owner's last words are nonsense, no more.
  std::memset(static_cast<void*>(at(page)), 0, sizeof(layout));
  free_.push_back(page);
}

void crash_arena::keep_only(int page) const noexcept {
  if (begin_ == nullptr) return;
  auto* const end = begin_ + pages_max * page_bytes_;
  auto* const kept = page == no_page ? end : reinterpret_cast<std::byte*>(at(page));
  if (kept != begin_) ::munmap(begin_, static_cast<std::size_t>(kept - begin_));
  if (kept == end) return;
  auto* const behind = kept + page_bytes_;
  if (behind != end) ::munmap(behind, static_cast<std::size_t>(end - behind));
}

void crash_arena::install_handlers(int page) const noexcept {
  if (page != no_page) install_handlers_at(reinterpret_cast<std::byte*>(at(page)));
}

void crash_arena::install_handlers_at(std::byte* page) noexcept {
  auto* const own = reinterpret_cast<layout*>(page);
  own->owner_pid.store(::getpid());
  page_of_process.store(own);
  const stack_t stack{.ss_sp = handler_stack, .ss_flags = 0, .ss_size = sizeof handler_stack};
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = write_last_words;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  ::sigfillset(&action.sa_mask);
  for (const int signal : crash_signals) ::sigaction(signal, &action, nullptr);
}

void crash_arena::note_library(const crash_library& library) noexcept {
  auto* const page = page_of_process.load();
  if (page == nullptr || page->owner_pid.load() != ::getpid()) return;
  for (std::uint32_t i = 0; i < page->library_count; ++i) {
    if (page->libraries[i].begin == library.begin && page->libraries[i].end == library.end) {
      page->libraries[i] = library; // Another one at the place of one that went.
      return;
    }
  }
  if (page->library_count == crash_libraries_max) return;
  page->libraries[page->library_count] = library;
  // CRASH(2): killed before this store, the reader does not see the library.
  ++page->library_count;
}

crash_data crash_arena::read(int number) const {
  return number == no_page ? crash_data{} : read_at(reinterpret_cast<std::byte*>(at(number)));
}

crash_data crash_arena::read_at(const std::byte* memory) {
  crash_data out;
  // The worker is dead, but a child of it may still write here: each number is read once.
  const auto* const whole = reinterpret_cast<const layout*>(memory);
  const volatile layout& page = *whole;
  if (whole->state.load() != page_state::complete) return out;
  out.signal = page.signal;
  out.fault_address = page.fault_address;
  out.program_counter = page.program_counter;
  for (std::uint32_t i = 0; i < crash_frames_max; ++i) {
    const std::uint64_t frame = page.frames[i];
    if (frame == 0) break;
    out.frames.push_back(frame);
  }
  const std::uint32_t library_count = page.library_count;
  for (std::uint32_t i = 0; i < std::min(library_count, crash_libraries_max); ++i) {
    const volatile auto& library = page.libraries[i];
    out.libraries.push_back({library.begin, library.end, library.identity});
  }
  return out;
}

void prepare_unwinding() noexcept {
  std::uint64_t frames[4];
  boost::stacktrace::safe_dump_to(frames, sizeof frames);
}

} // namespace troupe::detail
