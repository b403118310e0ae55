// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/guarded.hpp"
#include "troupe/os/reactor.hpp"
#include "troupe/process/detail/child_process_impl.hpp"
#include "troupe/process/detail/symbol_service.hpp"
#include "troupe/process/detail/tree_sweeper.hpp"
#include "troupe/process/detail/zygote_link.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"
#include "troupe/process/launcher.hpp"
#include "troupe/process/make_launcher.hpp"

#include <cstdint>
#include <deque>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <vector>

namespace troupe::detail {

/// A request on its way, with what belongs to it.
struct launch_request {
  start_message message;
  std::vector<const os::fd*> borrowed; ///< The caller's, sent after `owned`.
  std::vector<os::fd> owned;           ///< stdout, stderr, stdin, as far as they are passed.
  os::fd out_reader;
  os::fd err_reader;
  std::shared_ptr<process_observer> observer;
};

/// The launcher's core: which children there are, what waits for a zygote, and what is told when.
///
/// Lives in: host. Threads: `start` and `signal_group` any; the rest runs on the reactor thread.
/// Blocks: never. Crash (of the zygote): see `launcher`; one that is stopped or hangs while it has
/// an answer, a start or an end to tell is killed. Errors: told to the observers.
class host_launcher final : public zygote_events,
                            public std::enable_shared_from_this<host_launcher> {
public:
  host_launcher(os::reactor& reactor, launcher_log log, std::shared_ptr<output_tap> tap)
      : reactor_{reactor}, log_{std::move(log)}, tap_{std::move(tap)} {}

  void start(launch_request request);
  void signal_group(std::uint64_t id, int signal, signal_scope scope);
  /// Kills everything; ready when the last end was told. Nothing can be started afterwards.
  std::future<void> close();
  /// After that: ends the threads that name frames and look for what lost zygotes left.
  void stop_threads() {
    symbols_.stop();
    sweeper_.stop();
  }

  void on_hello(hello_message message) override;
  void on_started(const started_message& message, os::pidfd handle) override;
  void on_failed(const failed_message& message) override;
  void on_exited(const exited_message& message) override;
  void on_pong() override;
  bool is_answer_owed() override;
  void on_silent() override;
  void on_lost(const failure& why) override;

private:
  using child_ptr = std::shared_ptr<child_process_impl>;

  enum class link_state { none, opening, ready };
  struct queued_message {
    std::uint64_t child_id; ///< 0: no child waits for it.
    std::vector<std::byte> bytes;
    std::vector<os::fd> descriptors;
    int refusals = 0; ///< How often the kernel would not send it.
  };
  struct shared_state {
    link_state link = link_state::none;
    bool is_closing = false;
    bool has_unconfirmed_signal = false; ///< `signal_group` was asked; no pong since.
    bool wants_fork = false;             ///< Some worker was to be forked.
    std::uint32_t zygote_threads = 1;
    bool has_told_of_threads = false; ///< Once is enough.
    std::uint64_t next_id = 1;
    std::unique_ptr<zygote_link> zygote; // Made and destroyed on the reactor thread.
    std::map<std::uint64_t, child_ptr> children;
    std::deque<queued_message> queue;
  };

  struct untold_crash {
    child_ptr child;
    exit_record record;
    os::timer limit;
  };

  /// Sends or queues; true when the reactor must open, flush or look.
  bool submit(shared_state& state, const start_message& message, launch_request& request);
  void open_zygote();
  void flush();
  child_ptr find(std::uint64_t id);
  child_ptr take(std::uint64_t id);
  void fail_start(const child_ptr& child, const failure& cause);
  void fail_queued(const failure& cause);
  void tell_exit(const child_ptr& child, exit_record record);
  void tell_crash(const child_ptr& child, exit_record record, const exited_message& message);
  void tell_of_threads();
  void tell_of_loss(const failure& why);
  void on_symbols(std::uint64_t id, std::vector<std::string> stack);
  void on_child_dead(const child_ptr& child);
  void end_orphan(const child_ptr& child);
  void tell_orphan_end(const child_ptr& child);
  void sweep_behind(const zygote_link& lost);
  void finish_closing();

  os::reactor& reactor_;
  const launcher_log log_;
  const std::shared_ptr<output_tap> tap_;
  guarded<shared_state> shared_;
  // The reactor thread's from here on.
  std::vector<module_place> modules_;                    // Of the zygote.
  std::map<std::uint64_t, untold_crash> untold_crashes_; // Dead; their frames are being named.
  std::uint64_t untold_losses_ = 0;                      // Of zygotes, since the last line.
  time_point next_loss_line_{};
  std::promise<void> closed_;
  bool is_closed_ = false;
  os::timer close_timer_;
  os::timer send_timer_; // While the kernel refuses to send.
  symbol_service symbols_;
  tree_sweeper sweeper_;
};

} // namespace troupe::detail
