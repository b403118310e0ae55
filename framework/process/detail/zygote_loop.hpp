// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/children.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace troupe::detail {

/// The zygote: forks children for its host, reports their ends, and ends everything when the host
/// is gone. One poll loop, one thread, no blocking call.
///
/// Lives in: zygote. Threads: one owner. Blocks: in `run`, for ever.
/// Crash (of the zygote): its children get SIGKILL; the host notices by the closed socket.
/// Errors: what cannot be started is told to the host; what nobody hears is dropped.
class zygote_loop {
public:
  /// Takes the role: subreaper, parent-death signal, descriptors, signals.
  zygote_loop(os::unix_socket host, int host_pid);
  /// Ends with the process.
  [[noreturn]] void run();

private:
  struct child {
    std::uint64_t id = 0; // 0: the host has been told its end.
    os::pidfd handle;     // Until it was sent to the host.
    os::fd report;        // Readable when the child has started or failed; empty when known.
    int page = crash_arena::no_page;
  };
  struct outgoing {
    std::vector<std::byte> bytes;
    os::fd passed;
  };
  using child_map = std::map<int, child>; // By pid.

  void say_hello();
  void wait_for_events();
  void read_requests();
  void on_request(std::span<const std::byte> bytes, std::vector<os::fd> descriptors);
  void start(start_message message, std::vector<os::fd> descriptors);
  void fail(std::uint64_t id, int os_error, std::string text);
  void signal_group(const signal_group_message& message);
  /// Tells whether a child that reports has started, once that is known.
  void take_report(int pid, child& record);
  void tell_started(int pid, child& record);
  void reap_dead_children();
  void tell_exited(int pid, child& record);
  /// Kills every child and grandchild; the process ends when the last is gone.
  void end_everything();
  void send(std::vector<std::byte> bytes, os::fd passed = {});
  void flush();

  // In this order: taking the role closes every descriptor but the first.
  os::unix_socket host_;
  os::pidfd host_process_;
  os::child_death_signal deaths_;
  os::poll_set polled_;
  crash_arena pages_;
  child_map children_;
  std::vector<int> reporting_; // Pids of children whose start is not known yet.
  std::deque<outgoing> out_;   // At most a few messages per child.
  std::vector<std::byte> in_;
  std::vector<std::byte> report_text_;
  bool is_ending_ = false;
  bool has_children_ = true;
};

} // namespace troupe::detail
