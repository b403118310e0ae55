// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/fork_guard.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/reactor.hpp"
#include "troupe/process/detail/output_lines.hpp"
#include "troupe/process/launcher.hpp"
#include "troupe/process/output_tap.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::detail {

inline constexpr std::size_t stderr_tail_lines_max = 20;

/// One child as the launcher keeps it: its pidfd, its log pipes, the last lines of stderr.
///
/// Lives in: host. Threads: `pid` and `signal` any (after `begin`), the rest the reactor's.
/// Blocks: never. Crash (of the child): the pipes are drained once more, then closed.
/// Errors: a pipe that cannot be read is closed.
class child_process_impl final : public child_process,
                                 public std::enable_shared_from_this<child_process_impl> {
public:
  using group_signaller = std::function<void(std::uint64_t id, int signal, signal_scope scope)>;

  /// `tap`: what stops the reading of its pipes; null: nothing does.
  child_process_impl(std::string name, std::shared_ptr<process_observer> observer,
                     std::shared_ptr<output_tap> tap)
      : name_{std::move(name)}, observer_{std::move(observer)}, tap_{std::move(tap)} {}

  void set_id(std::uint64_t id) noexcept { id_ = id; }

  /// Before the request is sent: ends of the pipes the child writes to.
  void read_from(output_stream stream, os::fd reader);
  /// The child runs. `signal_group` is asked where the kernel cannot, and where the zygote must
  /// know; `on_death` is called once, on
  /// the reactor thread, when it has died. Throws std::system_error when it cannot be watched.
  void begin(os::reactor& reactor, int pid, os::pidfd handle, group_signaller signal_group,
             std::function<void()> on_death);
  /// The child is gone: reads what is left in the pipes, never waiting for their end, and closes
  /// them.
  void drain_output();

  [[nodiscard]] int pid() const noexcept override { return pid_; }
  void signal(int signal, signal_scope scope) noexcept override;

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] bool has_begun() const noexcept { return pid_ != 0; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const os::pidfd& handle() const noexcept { return handle_; }
  [[nodiscard]] process_observer& observer() const noexcept { return *observer_; }
  [[nodiscard]] std::vector<std::string> stderr_tail() const {
    return {tail_.begin(), tail_.end()};
  }
  /// Closes the pipes unread.
  void drop_output();
  /// Everything was told: lets go of the observer, which may own us, and of all watches.
  void release() noexcept;
  /// It has died and its end is known: its death needs no watch any more.
  void forget_death() noexcept { death_watch_.cancel(); }
  /// Died, by its pidfd; its end may not be told yet.
  [[nodiscard]] bool is_dead() const noexcept { return is_dead_; }
  /// While it is dead and nobody has reaped it: keeps its wait status for `wait_status`.
  void note_wait_status();
  /// It had died before its zygote was lost.
  [[nodiscard]] bool has_noted_status() const noexcept { return noted_status_.has_value(); }
  /// How it has ended, from whoever knows; nothing when nobody does.
  [[nodiscard]] std::optional<int> wait_status();
  /// Its zygote is lost: its end is told by its death.
  void become_orphan() noexcept { is_orphan_ = true; }
  [[nodiscard]] bool is_orphan() const noexcept { return is_orphan_; }

private:
  void signal_by_zygote(int signal, signal_scope scope) noexcept;

  struct reader {
    os::fd pipe;
    std::unique_ptr<output_lines> lines;
    os::readiness_watch watch; // After `pipe`: gone before it is closed.
  };
  enum class read_result { some, nothing_now, end };
  void on_readable(reader& from);
  read_result read_once(reader& from);
  void forget_tap(reader& from);
  void close(reader& from);
  void on_line(output_stream stream, std::string_view line);

  const os::fork_guard guard_;
  std::uint64_t id_ = 0;
  std::string name_;
  std::shared_ptr<process_observer> observer_;
  std::shared_ptr<output_tap> tap_;
  int pid_ = 0;
  os::pidfd handle_;
  group_signaller signal_group_;
  std::atomic<bool> has_given_time_ = false; // To the group, as the zygote knows.
  reader out_;
  reader err_;
  std::deque<std::string> tail_;
  bool is_dead_ = false;
  bool is_orphan_ = false;
  std::optional<int> noted_status_;
  os::readiness_watch death_watch_;
};

} // namespace troupe::detail
