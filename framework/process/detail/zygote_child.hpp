// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// What happens between the zygote's fork and the child's own code.
namespace troupe::detail {

/// Out-of-memory score of workers and their zygote: they go before the host does.
inline constexpr int worker_oom_score = 300;

/// Everything a forked child needs; the other descriptors it inherited are closed.
struct child_start {
  start_message message;
  std::vector<os::fd> descriptors; ///< In the order that `start_message` says.
  os::fd report;                   ///< Closed once the child runs; carries a report if it cannot.
  const crash_arena& pages;
  int page;
  int zygote_pid;
  os::fd environment{}; ///< Taken out of `descriptors`, as `directory`.
  os::fd directory{};
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
