// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/growing_pause.hpp"
#include "troupe/os/children.hpp"
#include "troupe/os/pidfd.hpp"
#include "troupe/os/readiness_set.hpp"
#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/orphan_book.hpp"
#include "troupe/process/detail/zygote_outbox.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::detail {

/// The children of a zygote: starts them, tells their starts and ends, reaps them and what they
/// leave behind. The end of one that was asked to stop waits for its group, if that has time; see
/// `signal_scope`. Deaths are learnt from pidfds: a signal may go to any thread of this process.
///
/// Lives in: zygote. Threads: one owner. Blocks: never. Crash (of a child): its group is killed
/// before its number is free. Errors: what cannot be started is told to the host.
class zygote_children {
public:
  /// Tags in the `readiness_set` from here on are ours.
  static constexpr std::uint64_t first_tag = 2;

  zygote_children(os::readiness_set& events, zygote_outbox& outbox);

  /// From now on nothing is forked: there are other threads in this process.
  void fork_nothing() noexcept { forks_nothing_ = true; }

  void start(start_message message, std::vector<os::fd> descriptors);
  void signal_group(const signal_group_message& message);

  /// One of our descriptors is readable.
  void on_readable(std::uint64_t tag);
  /// When to call `look_for_dead` at the latest: for orphans, which have no pidfd here, and for
  /// children that could not be watched.
  [[nodiscard]] time_point next_look() const noexcept { return next_look_; }
  /// Reaps whoever is dead, our own and adopted ones; returns how many.
  std::size_t look_for_dead();
  /// SIGKILL to every child and to all that was adopted; returns how many were reaped.
  std::size_t kill_all();
  /// True when there is none, neither dead nor alive, as the last look has shown.
  [[nodiscard]] bool is_empty() const noexcept { return next_look_ == time_point::max(); }

private:
  struct child {
    std::uint64_t id = 0; // 0: the host has been told its end.
    std::shared_ptr<const os::pidfd> handle;
    bool is_watched = false;
    os::fd report; // Readable when the child has started or failed; empty when known.
    int page = crash_arena::no_page;
    bool has_rest_time = false;   // What is left of its group is not killed when it is dead.
    int rest_signal = 0;          // What that gets then.
    int stop_signal = 0;          // What who has left its group gets then.
    bool is_waiting = false;      // Dead, and not buried before the rest of its group is.
    os::shared_memory last_words; // Of one that was executed.
  };
  using child_map = std::map<int, child>; // By pid.

  [[nodiscard]] bool must_execute(const start_message& message) const noexcept;
  void start_executed(start_message message, const std::vector<os::fd>& descriptors);
  void keep(int pid, child record);
  void fail(std::uint64_t id, int os_error, std::string text);
  /// Tells whether a child that reports has started, once that is known.
  void take_report(int pid, child& record);
  void drop_report(child& record);
  void tell_started(int pid, const child& record);
  /// Kills the group of a dead child, reaps it and tells its end; false when that must wait.
  bool bury(child_map::iterator found);
  /// Whether what is left of its group is still to end by itself.
  bool must_wait(int pid, child& record);
  [[nodiscard]] bool is_ours(int pid) const { return children_.contains(pid); }
  [[nodiscard]] child_map::iterator find_by_id(std::uint64_t id);
  /// Buries a dead child, or reaps an adopted one; false when that must wait.
  bool take_dead(int pid);
  /// As `look_for_dead`, one by one: those whose end must wait hide the others.
  std::size_t look_at_each();
  void tell_exited(const child& record, const os::reaped_child* reaped);
  void look_soon();

  os::readiness_set& events_;
  zygote_outbox& outbox_;
  crash_arena pages_;
  child_map children_;
  orphan_book orphans_;
  std::vector<std::byte> report_text_;
  time_point next_look_ = time_point::max();
  growing_pause look_pause_;
  bool forks_nothing_ = false;
};

} // namespace troupe::detail
