// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/growing_pause.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/readiness_set.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/zygote_children.hpp"
#include "troupe/process/detail/zygote_outbox.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace troupe::detail {

/// The zygote: starts children for its host, reports their ends, and ends everything when the host
/// is gone. One loop, no blocking call.
///
/// Lives in: zygote. Threads: one owner. Blocks: in `run`, for ever.
/// Crash (of the zygote): its children get SIGKILL; the host notices by the closed socket.
/// Errors: what cannot be started is told to the host; what nobody hears is dropped.
class zygote_loop {
public:
  /// Takes the role: subreaper, parent-death signal, descriptors, signals. In a process that has
  /// other threads, every child is executed, and what is theirs stays as it is.
  zygote_loop(os::unix_socket host, int host_pid);
  /// Ends with the process.
  [[noreturn]] void run();

private:
  /// What the host's socket is watched for.
  struct host_interest {
    bool reads = false;
    bool writes = false;
    friend bool operator==(const host_interest&, const host_interest&) = default;
  };

  void say_hello();
  void wait_for_events();
  void watch_host();
  [[nodiscard]] bool reads_requests() const;
  [[nodiscard]] time_point next_turn() const;
  void on_host_gone();
  void read_requests();
  void on_request(std::span<const std::byte> bytes, std::vector<os::fd> descriptors);
  /// Kills every child and grandchild; the process ends when the last is gone.
  void end_everything();

  // In this order: taking the role closes every descriptor but the first.
  os::unix_socket host_;
  unsigned thread_count_;
  os::pidfd host_process_;
  os::readiness_set events_;
  zygote_outbox outbox_;
  zygote_children children_;
  std::vector<std::byte> in_;
  host_interest watched_;
  time_point next_read_ = time_point::min();  // Later while the kernel lacks memory.
  time_point next_watch_ = time_point::max(); // Sooner after the kernel refused a watch.
  growing_pause read_pause_;
  bool is_ending_ = false;
  time_point next_kill_ = time_point::min();
  growing_pause kill_pause_;
};

} // namespace troupe::detail
