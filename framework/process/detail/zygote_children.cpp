// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_children.hpp"

#include "troupe/os/pipe.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/process/detail/executed_child.hpp"
#include "troupe/process/detail/zygote_child.hpp"
#include "troupe/process/exit_status.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t report_bytes_max = 4096; // PIPE_BUF: written at once or not at all.
// Orphans die unseen. They are looked for soon after a death, which makes some, and then ever less.
constexpr auto look_pause_first = std::chrono::milliseconds{5};
constexpr auto look_pause_max = std::chrono::seconds{10};
// While a dead child waits for its group.
constexpr auto waiting_pause_max = std::chrono::milliseconds{50};

// What a readable descriptor of a child means.
enum class child_event : std::uint64_t { death, report };

std::uint64_t tag_of(int pid, child_event kind) noexcept {
  return static_cast<std::uint64_t>(pid) * 2 + static_cast<std::uint64_t>(kind);
}

void kill_group(int pid, const os::pidfd* handle) noexcept {
  // By descriptor where the kernel can: it never means another group.
  if (handle == nullptr || !handle->signal_group(SIGKILL)) {
    os::signal_group_of_child(pid, SIGKILL);
  }
}

} // namespace

zygote_children::zygote_children(os::readiness_set& events, zygote_outbox& outbox)
    : events_{events}, outbox_{outbox},
      report_text_(report_bytes_max), look_pause_{look_pause_first, look_pause_max} {}

void zygote_children::start(start_message message, std::vector<os::fd> descriptors) {
  if (descriptors.size() != message.descriptors_in_all()) {
    return fail(message.id, EMFILE, "out of descriptors; raise the limit of open files");
  }
  if (must_execute(message)) return start_executed(std::move(message), descriptors);
  child record;
  record.id = message.id;
  os::pipe_ends report;
  try {
    if (needs_report(message)) report = os::make_pipe(os::pipe_blocking::reader_does_not_block);
  } catch (const std::system_error& problem) {
    return fail(message.id, problem.code().value(), problem.what());
  }
  if (message.kind == child_kind::worker) record.page = pages_.take();
  std::fflush(nullptr); // Or buffered text would be written once by every child.
  const int zygote_pid = os::this_process::pid();
  const int pid = os::fork_single_threaded();
  if (pid == 0) {
    run_child({std::move(message), std::move(descriptors), std::move(report.writer), zygote_pid,
               &pages_, record.page});
  }
  if (pid < 0) {
    pages_.give_back(record.page);
    return fail(message.id, -pid, "cannot fork: " + std::generic_category().message(-pid));
  }
  record.report = std::move(report.reader);
  keep(pid, std::move(record));
}

bool zygote_children::must_execute(const start_message& message) const noexcept {
  return forks_nothing_ ||
         (message.kind == child_kind::worker && message.method == start_method::spawn);
}

void zygote_children::start_executed(start_message message,
                                     const std::vector<os::fd>& descriptors) {
  child record;
  record.id = message.id;
  auto started = execute_child(std::move(message), descriptors);
  if (!started) {
    const auto& cause = started.error();
    return fail(record.id, cause.os_error, "cannot execute the program again: " + cause.message);
  }
  record.handle = std::make_shared<const os::pidfd>(std::move(started->handle));
  record.report = std::move(started->report);
  record.last_words = std::move(started->last_words);
  keep(started->pid, std::move(record));
}

void zygote_children::keep(int pid, child record) {
  os::make_group_of_child(pid);
  auto& kept = children_[pid] = std::move(record);
  failure problem;
  if (!kept.handle) {
    if (auto handle = os::pidfd::open(pid)) {
      kept.handle = std::make_shared<const os::pidfd>(std::move(*handle));
    } else {
      problem = handle.error();
    }
  }
  if (kept.handle) {
    const auto added = events_.add(kept.handle->descriptor(), tag_of(pid, child_event::death));
    kept.is_watched = added.has_value();
    if (!added) problem = added.error();
  }
  if (kept.is_watched && kept.report) {
    const auto added = events_.add(kept.report, tag_of(pid, child_event::report));
    if (!added) problem = added.error();
  }
  if (next_look_ == time_point::max()) next_look_ = clock::now() + look_pause_max;
  if (problem.os_error != 0) {
    // Nobody could ever signal it safely, or hear of it.
    os::signal_child(pid, SIGKILL);
    fail(kept.id, problem.os_error,
         "the zygote cannot watch it: " + problem.message + "; raise the limit of open files");
    kept.id = 0;
    drop_report(kept);
    return look_soon();
  }
  if (!kept.report) tell_started(pid, kept);
}

void zygote_children::fail(std::uint64_t id, int os_error, std::string text) {
  outbox_.send(encode(failed_message{id, os_error, std::move(text)}));
}

void zygote_children::signal_group(const signal_group_message& message) {
  const auto found = find_by_id(message.id);
  if (found == children_.end()) return;
  auto& [pid, record] = *found;
  record.has_rest_time = message.scope != signal_scope::group;
  if (!record.has_rest_time) record.rest_signal = 0;
  if (message.signal != SIGCONT) record.stop_signal = message.signal;
  if (message.scope == signal_scope::rest_with_time && !record.is_waiting) {
    record.rest_signal = message.signal;
  } else {
    os::signal_group_of_child(pid, message.signal);
  }
  if (record.is_waiting) look_soon();
}

zygote_children::child_map::iterator zygote_children::find_by_id(std::uint64_t id) {
  return std::find_if(children_.begin(), children_.end(),
                      [&](const auto& entry) { return entry.second.id == id; });
}

void zygote_children::on_readable(std::uint64_t tag) {
  const auto found = children_.find(static_cast<int>(tag / 2));
  if (found == children_.end()) return; // Its end came in the same turn.
  auto& record = found->second;
  if (tag == tag_of(found->first, child_event::report)) {
    if (record.report) take_report(found->first, record);
  } else if (record.handle && record.handle->has_exited()) {
    bury(found);
    look_soon();
  }
}

void zygote_children::take_report(int pid, child& record) {
  const auto size = os::read_some(record.report, report_text_);
  if (!size && size.error().code == errc::would_block) return;
  drop_report(record);
  // The end of the pipe: exec has closed it, or the worker has.
  if (!size) return tell_started(pid, record);
  const auto report = parse_report(std::span{report_text_}.first(*size));
  fail(record.id, report.os_error, report.text);
  record.id = 0;
}

void zygote_children::drop_report(child& record) {
  events_.remove(record.report);
  record.report.reset();
}

void zygote_children::tell_started(int pid, const child& record) {
  outbox_.send(encode(started_message{record.id, pid}), record.handle);
}

void zygote_children::look_soon() {
  look_pause_.reset();
  next_look_ = time_point::min();
}

std::size_t zygote_children::look_for_dead() {
  std::size_t reaped = 0;
  auto search = os::find_dead_child();
  for (; search.dead_pid != 0; search = os::find_dead_child(), ++reaped) {
    if (take_dead(search.dead_pid)) continue;
    reaped += look_at_each();
    break;
  }
  if (search.has_children) {
    orphans_.look([this](int pid) { return is_ours(pid); });
    const auto killed = orphans_.kill_ownerless(
        [this](std::uint64_t owner) { return find_by_id(owner) != children_.end(); });
    if (killed > 0) look_pause_.reset(); // What they had started is adopted next.
  }
  auto pause = look_pause_.take();
  const bool is_one_waiting =
      std::any_of(children_.begin(), children_.end(),
                  [](const auto& entry) { return entry.second.is_waiting; });
  if (is_one_waiting) pause = std::min<duration>(pause, waiting_pause_max);
  next_look_ = search.has_children ? clock::now() + pause : time_point::max();
  return reaped;
}

bool zygote_children::take_dead(int pid) {
  const auto found = children_.find(pid);
  if (found != children_.end()) return bury(found);
  // Adopted: a descendant whose parent died.
  os::reaped_child ignored;
  if (os::reap_child(pid, ignored) == os::reap_result::not_yet) return false;
  orphans_.forget(pid);
  return true;
}

std::size_t zygote_children::look_at_each() {
  std::size_t reaped = 0;
  for (const int pid : os::this_process::children()) {
    const auto found = children_.find(pid);
    const bool may_be_dead = found == children_.end() || found->second.handle == nullptr ||
                             found->second.handle->has_exited();
    if (may_be_dead && take_dead(pid)) ++reaped;
  }
  return reaped;
}

bool zygote_children::bury(child_map::iterator found) {
  const int pid = found->first;
  auto& record = found->second;
  if (record.report) take_report(pid, record);
  if (record.report) {
    drop_report(record); // A child of its own holds the other end.
    tell_started(pid, record);
  }
  if (must_wait(pid, record)) return false;
  // What it left running in its group. Before reaping: until then the number is taken.
  kill_group(pid, record.handle.get());
  os::reaped_child reaped;
  const auto result = os::reap_child(pid, reaped);
  // Readable as long as it lasts, so nothing to wait for.
  if (record.is_watched) events_.remove(record.handle->descriptor());
  record.is_watched = false;
  if (result == os::reap_result::not_yet) return false; // A debugger has it; looked at again.
  tell_exited(record, result == os::reap_result::reaped ? &reaped : nullptr);
  pages_.give_back(record.page);
  children_.erase(found);
  return true;
}

bool zygote_children::must_wait(int pid, child& record) {
  record.is_waiting = false;
  if (record.has_rest_time) {
    orphans_.look([this](int other) { return is_ours(other); });
    const bool has_orphans = orphans_.ask(record.id, pid, record.stop_signal);
    record.is_waiting = os::has_living_child(pid) || has_orphans;
  }
  if (!record.is_waiting) return false;
  if (record.is_watched) events_.remove(record.handle->descriptor());
  record.is_watched = false;
  if (record.rest_signal != 0) {
    os::signal_group_of_child(pid, std::exchange(record.rest_signal, 0));
    os::signal_group_of_child(pid, SIGCONT);
  }
  return true;
}

void zygote_children::tell_exited(const child& record, const os::reaped_child* reaped) {
  if (record.id == 0) return; // Its start failed and that was told.
  exited_message message;
  message.id = record.id;
  message.is_status_known = reaped != nullptr;
  if (reaped != nullptr) {
    message.wait_status = reaped->wait_status;
    message.user_time_us = reaped->user_time.count();
    message.system_time_us = reaped->system_time.count();
    message.rss_max_kib = reaped->rss_max_kib;
    const bool was_killed = from_wait_status(reaped->wait_status).signal().has_value();
    if (was_killed && record.last_words) read_last_words(record.last_words, message);
    if (was_killed && !record.last_words) message.crash = pages_.read(record.page);
  }
  outbox_.send(encode(message));
}

std::size_t zygote_children::kill_all() {
  for (auto& [pid, record] : children_) {
    record.has_rest_time = false;
    kill_group(pid, record.handle.get());
    os::signal_child(pid, SIGKILL);
  }
  // Orphans of all generations: each round adopts the children of those killed in the last.
  for (const int pid : os::this_process::children()) os::signal_child(pid, SIGKILL);
  return look_for_dead();
}

} // namespace troupe::detail
