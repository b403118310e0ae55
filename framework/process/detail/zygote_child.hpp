// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"
#include "troupe/os/shared_memory.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// What happens between the start of a child by the zygote and the child's own code.
namespace troupe::detail {

/// Out-of-memory score of workers and their zygote: they go before the host does.
inline constexpr int worker_oom_score = 300;

/// Everything a forked child needs; the other descriptors it inherited are closed. One that was
/// executed has inherited none, and leaves alone what its static constructors have opened.
struct child_start {
  start_message message;
  std::vector<os::fd> descriptors; ///< In the order that `start_message` says.
  os::fd report;                   ///< Closed once the child runs; carries a report if it cannot.
  int zygote_pid;
  const crash_arena* pages = nullptr; ///< Null: it was executed.
  int page = crash_arena::no_page;
  os::fd environment{}; ///< Taken out of `descriptors`, as `directory` and `last_words`.
  os::fd directory{};
  os::shared_memory last_words{};
};

/// True when starting may fail after the fork in ways the user must hear about.
bool needs_report(const start_message& message);

/// Becomes the worker or command; ends with the process.
[[noreturn]] void run_child(child_start start);

/// Why a child could not start.
struct start_report {
  int os_error = 0;
  std::string text;
};
start_report parse_report(std::span<const std::byte> bytes);

} // namespace troupe::detail
