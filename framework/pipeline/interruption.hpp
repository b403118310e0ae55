// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/event_fd.hpp"

namespace troupe::pipeline {

/// The bell that rings when a worker on a thread of the host has to wait no longer; null in a
/// worker process, which is killed instead. Once rung it stays so.
///
/// Lives in: host, on the thread of one worker. Threads: that one. Blocks: never.
/// Crash: nothing outside the host. Errors: none.
[[nodiscard]] const os::event_fd* interruption() noexcept;

/// For the thread that runs the worker.
void set_interruption(const os::event_fd* bell) noexcept;

} // namespace troupe::pipeline
