// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/pidfd.hpp"
#include "troupe/os/reactor.hpp"
#include "troupe/os/unix_socket.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"
#include "troupe/process/detail/zygote_watch.hpp"
#include "troupe/process/exit_status.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe::detail {

/// What the host hears from a zygote. Called on the reactor thread.
class zygote_events {
public:
  virtual ~zygote_events() = default;
  virtual void on_hello(hello_message message) = 0;
  /// `handle` is empty when this process is out of descriptors.
  virtual void on_started(const started_message& message, os::pidfd handle) = 0;
  virtual void on_failed(const failed_message& message) = 0;
  virtual void on_exited(const exited_message& message) = 0;
  /// It has done everything that it was asked before the last `ping`.
  virtual void on_pong() = 0;
  /// Whether it has still something to answer or to tell; false ends the looking until the next
  /// `expect_answer`.
  virtual bool is_answer_owed() = 0;
  /// It does not answer and is about to be killed: what only it could tell is to be noted now.
  virtual void on_silent() = 0;
  /// It is dead or not to be trusted any more. The last call.
  virtual void on_lost(const failure& why) = 0;
};

/// The host's end of one zygote: starts it, listens to it, notices its death and its silence, reaps
/// it.
///
/// Lives in: host. Threads: the reactor's; `send` any, with the launcher's lock. Blocks: never.
/// Crash (of the zygote): `on_lost`, after everything it said before was heard.
/// Errors: `open` fails with `start_failed`; a bad message from the zygote loses it, and so does no
/// message when one is owed: see `zygote_watch` for the limits.
class zygote_link {
public:
  zygote_link(os::reactor& reactor, zygote_events& events);

  /// Starts the process.
  expected<void> open();
  /// Sends one request. Any thread.
  [[nodiscard]] expected<void> send(std::span<const std::byte> bytes,
                                    std::span<const int> descriptors) const;
  /// Calls `callback` when `send` may work again.
  void when_writable(std::function<void()> callback);
  /// The value of `tree_variable` in everything that descends from it.
  [[nodiscard]] const std::string& mark() const noexcept { return mark_; }
  /// True unless it said by its exit code that nothing of its own is left.
  [[nodiscard]] bool may_have_left_something() const noexcept { return !has_cleaned_up_; }
  /// It owes an answer from now on. True when `look_while_owed` must be called. Any thread, with
  /// the launcher's lock.
  [[nodiscard]] bool expect_answer() noexcept { return !std::exchange(is_answer_expected_, true); }
  /// With the launcher's lock: nothing is owed.
  void expect_nothing() noexcept { is_answer_expected_ = false; }
  /// Looks at it again and again while it owes an answer, and loses it when it gives none.
  void look_while_owed();
  /// SIGKILL to the zygote, which takes its children along; `on_lost` follows.
  void kill() noexcept;

private:
  void read_messages();
  bool on_message(std::span<const std::byte> bytes, std::vector<os::fd> descriptors);
  bool on_hello(std::span<const std::byte> bytes);
  void look();
  [[nodiscard]] bool is_stopped() const;
  void give_up(const std::string& why, errc code = errc::start_failed);
  void lose(failure why);
  void on_death();
  [[nodiscard]] failure told_loss(const std::optional<exit_status>& end) const;

  os::reactor& reactor_;
  zygote_events& events_;
  os::unix_socket socket_;
  os::pidfd process_;
  int pid_ = 0;
  std::string mark_;
  bool has_cleaned_up_ = false;
  bool has_said_hello_ = false;
  bool is_given_up_ = false;        // It did not just die.
  int read_refusals_ = 0;           // In a row.
  bool was_heard_ = false;          // Since the last look.
  bool is_answer_expected_ = false; // Under the launcher's lock.
  zygote_watch watch_;
  std::optional<failure> lost_;
  std::vector<std::byte> buffer_;
  os::timer hello_timer_;
  os::timer look_timer_;
  os::readiness_watch messages_watch_;
  os::readiness_watch death_watch_;
};

} // namespace troupe::detail
