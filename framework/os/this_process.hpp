// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fd.hpp"

#include <span>
#include <string>
#include <vector>

/// What a process of ours does to itself while it takes its role. None of this is for the host.
namespace troupe::os::this_process {

[[nodiscard]] int pid() noexcept;
[[nodiscard]] int parent_pid() noexcept;
/// Runs with other rights than its user (setuid): its environment is not to be trusted.
[[nodiscard]] bool is_privileged_by_file() noexcept;

/// Asks for `signal` when the thread that made this process ends.
void signal_at_parent_death(int signal) noexcept;
/// Orphaned descendants become children of this process.
void adopt_orphans() noexcept;
/// Whether they do: it is a subreaper, or the first process of its PID namespace.
[[nodiscard]] bool inherits_orphans() noexcept;
/// Name in /proc and ps, cut to 15 bytes.
void set_name(const std::string& name) noexcept;
/// Makes this process the leader of a new process group.
void lead_own_group() noexcept;
/// Raises the own likelihood of being chosen by the out-of-memory killer to at least `score`.
void raise_oom_score(int score) noexcept;

/// Closes every descriptor but 0, 1, 2 and those of `kept`.
void close_all_but(std::span<const int> kept) noexcept;
/// Makes `number` (0, 1 or 2) mean the same as `descriptor`; returns 0 or errno.
int set_standard_stream(int number, int descriptor) noexcept;
/// Makes 0, 1 or 2 /dev/null.
void set_standard_stream_to_null(int number) noexcept;
/// Opens /dev/null for each of 0, 1, 2 that is closed, so that no later file gets their numbers.
void fill_standard_streams() noexcept;

/// Descriptors above 2 will be closed by exec, as far as the kernel can do that.
void close_all_at_exec() noexcept;

/// Number of threads; when /proc is not there, 2 if any was ever started, else 1.
[[nodiscard]] unsigned thread_count();
/// Pids of the children of this process, adopted ones too; empty when /proc lacks the list.
[[nodiscard]] std::vector<int> children();

} // namespace troupe::os::this_process
