// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/cli/arguments.hpp"
#include "troupe/cli/console.hpp"
#include "troupe/cli/progress.hpp"
#include "troupe/cli/report.hpp"
#include "troupe/cli/stop_requests.hpp"
#include "troupe/control/endpoint.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/inherited_children.hpp"
#include "troupe/os/stop_signals.hpp"
#include "troupe/runtime/troupe_host.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace troupe::cli {

/// One troupe, from its start to its end, with all that belongs to a command: signals, the control
/// socket, the progress line.
///
/// Lives in: host. Threads: one owner, the main thread. Blocks: `run`, until the troupe has ended.
/// Crash: every worker goes with it; the control socket stays and is taken over by the next run.
/// Errors: `open_socket` says why there is none; the constructor throws when the troupe cannot be
/// made.
class running {
public:
  running(const config::troupe_spec& spec, const run_arguments& arguments);
  ~running();
  running(const running&) = delete;
  running& operator=(const running&) = delete;

  /// Makes the control socket, before anything starts.
  expected<void> open_socket();
  run_outcome run();

private:
  void loop();
  void wait_for_event();
  void look();
  [[nodiscard]] duration pause_after_look() const;
  void show();
  void on_signals(const std::vector<os::stop_signal>& came);
  void tell_stop(time_point now);
  [[noreturn]] void leave();
  expected<control::troupe_view> view_for_client();
  run_outcome outcome();

  const config::troupe_spec& spec_;
  const run_arguments& arguments_;
  const bool has_progress_line_;
  const bool has_services_only_;
  const bool is_unseen_; ///< Nothing is shown while it runs.
  os::stop_signals signals_;
  os::inherited_children inherited_;
  os::event_fd end_bell_;
  console console_;

  std::mutex view_mutex_; // Protects the next five.
  std::condition_variable view_changed_;
  std::optional<control::troupe_view> view_;
  time_point view_time_{};
  std::uint64_t looks_begun_ = 0;
  std::uint64_t looks_done_ = 0;
  os::event_fd look_bell_; ///< Rung by who wants a view of now.

  progress progress_;
  std::unique_ptr<troupe_host> host_;
  std::unique_ptr<control::endpoint> endpoint_;
  std::thread waiter_; ///< Rings `end_bell_` when the troupe has ended.

  const time_point start_;
  time_point next_look_{};
  bool is_look_asked_for_ = false;
  std::uint32_t slots_ = 0; ///< At the last look.
  time_point next_plain_line_{};
  duration plain_line_pause_{};
  std::optional<time_point> end_limit_; ///< When what was killed is left behind.
  stop_requests stop_requests_;
  std::optional<time_point> stop_told_at_; ///< When to say how to kill; what says so is true then.
  bool has_ended_ = false;
  bool was_too_slow_ = false;
};

} // namespace troupe::cli
