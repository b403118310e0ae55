// Part of Troupe; see LICENSE.

#include "troupe/process/detail/child_process_impl.hpp"

#include "troupe/os/pipe.hpp"
#include "troupe/os/process_stat.hpp"

#include <array>
#include <csignal>
#include <span>
#include <system_error>

namespace troupe::detail {

namespace {

constexpr std::size_t read_bytes = 64 * 1024; // What a pipe holds by default.
// A grandchild may go on writing for ever: this much is read after the child's death.
constexpr int last_reads_max = 16;

} // namespace

void child_process_impl::read_from(output_stream stream, os::fd pipe) {
  auto& target = stream == output_stream::out ? out_ : err_;
  target.pipe = std::move(pipe);
  target.lines = std::make_unique<output_lines>(
      output_line_bytes_max, [this, stream](std::string_view line) { on_line(stream, line); });
}

void child_process_impl::begin(os::reactor& reactor, int pid, os::pidfd handle,
                               group_signaller signal_group, std::function<void()> on_death) {
  pid_ = pid;
  handle_ = std::move(handle);
  signal_group_ = std::move(signal_group);
  death_watch_ = reactor.add_readable(handle_.descriptor(), [this, on_death = std::move(on_death)] {
    // A watch may tell of a descriptor that had this number before.
    if (!handle_.has_exited()) return;
    is_dead_ = true;
    death_watch_.cancel();
    on_death();
  });
  for (auto* from : {&out_, &err_}) {
    if (!from->pipe) continue;
    try {
      from->watch = reactor.add_readable(from->pipe, [this, from] { on_readable(*from); });
    } catch (const std::system_error&) {
      from->pipe.reset(); // The kernel watches no more; better no output than a child unheard of.
    }
  }
}

void child_process_impl::drain_output() {
  for (auto* from : {&out_, &err_}) {
    for (int left = last_reads_max; left > 0 && from->pipe; --left) {
      if (read_once(*from) != read_result::some) break;
    }
    close(*from);
  }
}

void child_process_impl::drop_output() {
  for (auto* from : {&out_, &err_}) {
    forget_tap(*from);
    from->watch.cancel();
    from->pipe.reset();
  }
}

void child_process_impl::forget_tap(reader& from) {
  if (tap_) tap_->forget(&from);
}

void child_process_impl::release() noexcept {
  observer_.reset();
  death_watch_.cancel();
}

void child_process_impl::signal(int signal, signal_scope scope) noexcept {
  if (guard_.is_forked_copy()) return;
  switch (scope) {
  case signal_scope::process:
    handle_.signal(signal);
    return;
  case signal_scope::group_with_time:
  case signal_scope::rest_with_time:
    // Before the signal arrives, or the child may end of it before the zygote knows.
    has_given_time_ = true;
    return signal_by_zygote(signal, scope);
  case signal_scope::group:
    // A stopped zygote kills nobody. Any other signal is not to arrive twice.
    const bool is_by_zygote = has_given_time_.exchange(false);
    if (is_by_zygote && signal != SIGKILL) return signal_by_zygote(signal, scope);
    const bool is_sent = handle_.signal_group(signal);
    if (!is_sent && signal == SIGKILL) handle_.signal(signal);
    if (!is_sent || is_by_zygote) signal_by_zygote(signal, scope);
  }
}

void child_process_impl::signal_by_zygote(int signal, signal_scope scope) noexcept {
  try {
    signal_group_(id_, signal, scope);
  } catch (...) {
    // Out of memory; at least the child itself hears it.
    if (scope != signal_scope::rest_with_time) handle_.signal(signal);
  }
}

void child_process_impl::note_wait_status() {
  if (!noted_status_) noted_status_ = os::status_of_unreaped(pid_, handle_);
}

std::optional<int> child_process_impl::wait_status() {
  note_wait_status();
  return noted_status_ ? noted_status_ : handle_.reaped_status();
}

void child_process_impl::on_readable(reader& from) {
  if (tap_ && tap_->is_closed()) {
    from.watch.pause();
    tap_->when_open(&from, [weak = weak_from_this(), &from] {
      if (const auto self = weak.lock()) from.watch.resume();
    });
  } else if (read_once(from) == read_result::end) {
    close(from);
  }
}

child_process_impl::read_result child_process_impl::read_once(reader& from) {
  static thread_local std::array<char, read_bytes> buffer;
  const auto size = os::read_some(from.pipe, std::as_writable_bytes(std::span{buffer}));
  if (!size) {
    return size.error().code == errc::would_block ? read_result::nothing_now : read_result::end;
  }
  from.lines->feed({buffer.data(), *size});
  return read_result::some;
}

void child_process_impl::close(reader& from) {
  if (!from.pipe) return;
  forget_tap(from);
  from.watch.cancel();
  from.pipe.reset();
  from.lines->finish();
}

void child_process_impl::on_line(output_stream stream, std::string_view line) {
  if (stream == output_stream::err) {
    if (tail_.size() == stderr_tail_lines_max) tail_.pop_front();
    tail_.emplace_back(line);
  }
  observer_->on_output(stream, line);
}

} // namespace troupe::detail
