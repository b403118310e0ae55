// Part of Troupe; see LICENSE.

#pragma once

#include <functional>
#include <thread>

namespace troupe::os {

/// Starts a thread that runs `body`. Every thread of ours is made here: it has a name (at most 15
/// characters count), and every signal is blocked in it, so that it neither runs a handler of the
/// embedding program nor takes a signal that the program waits for.
///
/// Throws std::system_error that names the thread when it cannot be made.
[[nodiscard]] std::thread start_thread(const char* name, std::function<void()> body);

} // namespace troupe::os
