// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_loop.hpp"

#include "troupe/os/pipe.hpp"
#include "troupe/os/signals.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/process/detail/modules.hpp"
#include "troupe/process/detail/zygote_child.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr int requests_per_turn_max = 16;
constexpr std::size_t out_messages_max = 4096; // Then no request is read until the host reads.
constexpr std::size_t report_bytes_max = 4096; // PIPE_BUF: written at once or not at all.
constexpr std::size_t hello_bytes_max = zygote_message_bytes_max / 2; // For the paths of libraries.
constexpr auto kill_round = std::chrono::milliseconds{5};

// Subreaper, parent-death signal, descriptors, signals; returns the host's pidfd.
os::pidfd take_role(const os::unix_socket& host, int host_pid) {
  namespace self = os::this_process;
  const int kept[] = {host.descriptor().get()};
  self::close_all_but(kept);
  self::fill_standard_streams();
  self::set_standard_stream_to_null(STDIN_FILENO);
  self::set_name("troupe-zygote");
  self::adopt_orphans();
  self::raise_oom_score(worker_oom_score);
  // Blocked, not ignored: what is sent to a child right after the fork must wait for it.
  os::reset_and_block_all_signals();
  // CONT, not KILL: it wakes a stopped zygote, which then sees the pidfd and can clean up.
  self::signal_at_parent_death(SIGCONT);
  auto process = os::pidfd::open(host_pid);
  if (!process || self::parent_pid() != host_pid) ::_exit(EXIT_SUCCESS);
  prepare_unwinding();
  return std::move(*process);
}

} // namespace

zygote_loop::zygote_loop(os::unix_socket host, int host_pid)
    : host_{std::move(host)}, host_process_{take_role(host_, host_pid)},
      in_(zygote_message_bytes_max), report_text_(report_bytes_max) {}

void zygote_loop::run() {
  say_hello();
  for (;;) {
    if (is_ending_) end_everything();
    wait_for_events();
  }
}

void zygote_loop::say_hello() {
  hello_message hello;
  hello.pid = os::this_process::pid();
  hello.thread_count = os::this_process::thread_count();
  std::size_t size_bytes = 0;
  for (auto& module : loaded_modules()) {
    if (hello.modules.empty()) hello.program_identity = module.identity;
    size_bytes += sizeof module + module.path.size();
    if (size_bytes > hello_bytes_max) break;
    hello.modules.push_back({module.base, module.end, std::move(module.path)});
  }
  send(encode(hello));
}

void zygote_loop::wait_for_events() {
  polled_.clear();
  const auto host_process = polled_.add(host_process_.descriptor().get());
  const auto deaths = polled_.add(deaths_.descriptor().get());
  const bool is_full = out_.size() >= out_messages_max;
  // Without POLLIN a full queue would still wake us for each request.
  const auto host = polled_.add(is_full || is_ending_ ? -1 : host_.descriptor().get());
  const auto room = polled_.add(out_.empty() ? -1 : host_.descriptor().get(), true);
  std::vector<std::size_t> reports;
  for (const int pid : reporting_) reports.push_back(polled_.add(children_[pid].report.get()));
  polled_.wait(is_ending_ ? deadline::after(kill_round) : deadline::never());
  if (polled_.is_readable(host_process)) {
    out_.clear();
    is_ending_ = true;
  }
  // A copy: a report that is known leaves the list.
  const auto reporting = reporting_;
  for (std::size_t i = 0; i < reporting.size(); ++i) {
    if (polled_.is_readable(reports[i])) take_report(reporting[i], children_[reporting[i]]);
  }
  if (polled_.is_readable(deaths)) {
    deaths_.clear();
    reap_dead_children();
  }
  if (polled_.is_writable(room)) flush();
  if (polled_.is_readable(host)) read_requests();
}

void zygote_loop::read_requests() {
  for (int left = requests_per_turn_max; left > 0 && !is_ending_; --left) {
    auto message = host_.receive(in_);
    if (!message && message.error().code == errc::would_block) return;
    if (!message) {
      // End of the stream, or one we cannot trust any more.
      is_ending_ = true;
      return;
    }
    on_request(std::span{in_}.first(message->size_bytes), std::move(message->descriptors));
  }
}

void zygote_loop::on_request(std::span<const std::byte> bytes, std::vector<os::fd> descriptors) {
  switch (kind_of(bytes).value_or(zygote_message::shutdown)) {
  case zygote_message::start:
    if (auto message = decode_start(bytes)) start(std::move(*message), std::move(descriptors));
    return;
  case zygote_message::signal_group:
    if (const auto message = decode_signal_group(bytes)) signal_group(*message);
    return;
  case zygote_message::shutdown:
    is_ending_ = true;
    return;
  case zygote_message::hello:
  case zygote_message::started:
  case zygote_message::failed:
  case zygote_message::exited:
    return; // Only the zygote says these.
  }
}

void zygote_loop::start(start_message message, std::vector<os::fd> descriptors) {
  if (descriptors.size() != message.descriptors_in_all()) {
    return fail(message.id, EMFILE, "out of descriptors; raise the limit of open files");
  }
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
    run_child({std::move(message), std::move(descriptors), std::move(report.writer), pages_,
               record.page, zygote_pid});
  }
  if (pid < 0) {
    pages_.give_back(record.page);
    return fail(message.id, -pid, "cannot fork: " + std::generic_category().message(-pid));
  }
  os::make_group_of_child(pid);
  if (auto handle = os::pidfd::open(pid)) record.handle = std::move(*handle);
  record.report = std::move(report.reader);
  auto& kept = children_[pid] = std::move(record);
  if (!kept.handle) {
    // Out of descriptors. Nobody could ever signal it safely.
    os::signal_child(pid, SIGKILL);
    fail(kept.id, EMFILE, "the zygote is out of descriptors; raise the limit of open files");
    kept.id = 0;
    kept.report.reset();
    return;
  }
  if (kept.report) {
    reporting_.push_back(pid);
  } else {
    tell_started(pid, kept);
  }
}

void zygote_loop::fail(std::uint64_t id, int os_error, std::string text) {
  send(encode(failed_message{id, os_error, std::move(text)}));
}

void zygote_loop::signal_group(const signal_group_message& message) {
  for (const auto& [pid, record] : children_) {
    if (record.id == message.id) return os::signal_group_of_child(pid, message.signal);
  }
}

void zygote_loop::take_report(int pid, child& record) {
  const auto size = os::read_some(record.report, report_text_);
  if (!size && size.error().code == errc::would_block) return;
  record.report.reset();
  std::erase(reporting_, pid);
  // The end of the pipe: exec has closed it, or the worker has.
  if (!size) return tell_started(pid, record);
  const auto report = parse_report(std::span{report_text_}.first(*size));
  fail(record.id, report.os_error, report.text);
  record.id = 0;
}

void zygote_loop::tell_started(int pid, child& record) {
  send(encode(started_message{record.id, pid}), record.handle.release());
}

void zygote_loop::reap_dead_children() {
  for (;;) {
    const auto search = os::find_dead_child();
    has_children_ = search.has_children;
    if (search.dead_pid == 0) return;
    const int pid = search.dead_pid;
    const auto found = children_.find(pid);
    if (found == children_.end()) {
      os::reap_child(pid); // Adopted: a grandchild whose parent died.
      continue;
    }
    auto& record = found->second;
    if (record.report) take_report(pid, record);
    // What it left running in its group. Before reaping: until then the number is taken.
    os::signal_group_of_child(pid, SIGKILL);
    tell_exited(pid, record);
    pages_.give_back(record.page);
    children_.erase(found);
  }
}

void zygote_loop::tell_exited(int pid, child& record) {
  const auto reaped = os::reap_child(pid);
  if (record.id == 0) return; // Its start failed and that was told.
  exited_message message;
  message.id = record.id;
  message.wait_status = reaped.wait_status;
  message.user_time_us = reaped.user_time.count();
  message.system_time_us = reaped.system_time.count();
  message.rss_max_kib = reaped.rss_max_kib;
  if (WIFSIGNALED(reaped.wait_status)) message.crash = pages_.read(record.page);
  send(encode(message));
}

void zygote_loop::end_everything() {
  for (const auto& entry : children_) {
    os::signal_group_of_child(entry.first, SIGKILL);
    os::signal_child(entry.first, SIGKILL);
  }
  // Orphans of all generations: each round adopts the children of those killed in the last.
  for (const int pid : os::this_process::children()) os::signal_child(pid, SIGKILL);
  reap_dead_children();
  flush();
  if (!has_children_ && out_.empty()) ::_exit(EXIT_SUCCESS);
}

void zygote_loop::send(std::vector<std::byte> bytes, os::fd passed) {
  out_.push_back({std::move(bytes), std::move(passed)});
  flush();
}

void zygote_loop::flush() {
  while (!out_.empty()) {
    const auto& next = out_.front();
    const int raw = next.passed.get();
    const auto sent = host_.send(next.bytes, {&raw, next.passed ? std::size_t{1} : 0});
    if (!sent && sent.error().code == errc::would_block) return;
    if (!sent) {
      // The host has closed its end: nobody will ever hear it.
      out_.clear();
      is_ending_ = true;
      return;
    }
    out_.pop_front();
  }
}

} // namespace troupe::detail
