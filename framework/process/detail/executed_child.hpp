// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/expected.hpp"
#include "troupe/os/fd.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/shared_memory.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <cstddef>
#include <span>
#include <vector>

/// Children that are executed: this program once more for each, as its zygote is. For programs
/// whose global objects start threads, whose zygote must not fork, and for who wants it so. The new
/// image gets the request over a socket, takes its role in `become_zygote_if_asked`, and goes the
/// way of a forked child from there.
namespace troupe::detail {

/// A page as in `crash_arena`; then the list of the child's modules.
inline constexpr std::size_t last_words_bytes = crash_arena::page_bytes + module_bytes_max;

/// In the zygote: one that was started.
struct executed_child {
  int pid = 0;
  os::pidfd handle;
  os::fd report; ///< As that of a forked child; empty when none is wanted.
  os::shared_memory last_words;
};

/// In the zygote: starts one. `descriptors` are those that `message` announces.
expected<executed_child> execute_child(start_message message,
                                       const std::vector<os::fd>& descriptors);
/// In the zygote, after its death: what it wrote; its modules too, if it crashed.
void read_last_words(const os::shared_memory& memory, exited_message& out);

/// In the child: becomes what the zygote asks for; ends with the process.
[[noreturn]] void become_executed_child(os::unix_socket zygote, int zygote_pid);
/// In the child: where its modules lie, for the stack of a crash.
void write_module_places(std::span<std::byte> last_words);

} // namespace troupe::detail
