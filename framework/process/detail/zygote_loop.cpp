// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_loop.hpp"

#include "troupe/os/signals.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/process/detail/modules.hpp"
#include "troupe/process/detail/zygote_child.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr int requests_per_turn_max = 16;
// Between two rounds of kills: what cannot be killed (another user's, by setuid) is not waited for
// in a spin.
constexpr auto kill_pause_first = std::chrono::milliseconds{5};
constexpr auto kill_pause_max = std::chrono::seconds{1};
constexpr auto read_pause_first = std::chrono::milliseconds{1};
constexpr auto read_pause_max = std::chrono::milliseconds{100};
constexpr auto watch_pause = std::chrono::milliseconds{10}; // After a refused watch.

constexpr std::uint64_t host_socket_tag = 0;
constexpr std::uint64_t host_process_tag = 1;
static_assert(host_process_tag < zygote_children::first_tag);

// Subreaper, parent-death signal, descriptors, signals; returns the host's pidfd.
os::pidfd take_role(const os::unix_socket& host, int host_pid, bool is_alone) {
  namespace self = os::this_process;
  const int kept[] = {host.descriptor().get()};
  // What the other threads have opened is theirs; from the host this process has inherited nothing.
  if (is_alone) self::close_all_but(kept);
  self::fill_standard_streams();
  self::set_standard_stream_to_null(STDIN_FILENO);
  self::set_name("troupe-zygote");
  self::adopt_orphans();
  self::raise_oom_score(worker_oom_score);
  // Blocked, not ignored: what is sent to a child right after the fork must wait for it.
  is_alone ? os::reset_and_block_all_signals() : os::block_all_signals();
  // CONT, not KILL: it wakes a stopped zygote, which then sees the pidfd and can clean up.
  self::signal_at_parent_death(SIGCONT);
  auto process = os::pidfd::open(host_pid);
  if (!process || self::parent_pid() != host_pid) ::_exit(EXIT_SUCCESS);
  prepare_unwinding();
  return std::move(*process);
}

} // namespace

zygote_loop::zygote_loop(os::unix_socket host, int host_pid)
    : host_{std::move(host)}, thread_count_{os::this_process::thread_count()},
      host_process_{take_role(host_, host_pid, thread_count_ == 1)}, outbox_{host_},
      children_{events_, outbox_}, in_(zygote_message_bytes_max),
      read_pause_{read_pause_first, read_pause_max}, kill_pause_{kill_pause_first, kill_pause_max} {
  if (thread_count_ > 1) children_.fork_nothing();
  if (const auto added = events_.add(host_process_.descriptor(), host_process_tag); !added) {
    raise(added.error());
  }
}

void zygote_loop::run() {
  say_hello();
  for (;;) {
    if (outbox_.is_closed()) is_ending_ = true;
    if (is_ending_) end_everything();
    wait_for_events();
  }
}

void zygote_loop::say_hello() {
  hello_message hello;
  hello.pid = os::this_process::pid();
  hello.thread_count = thread_count_;
  hello.program_identity = loaded_modules().front().identity;
  hello.modules = own_module_places();
  outbox_.send(encode(hello));
}

void zygote_loop::wait_for_events() {
  watch_host();
  const auto events = events_.wait(deadline::at(next_turn()));
  // First: what was asked before a child has died decides what its death means.
  for (const auto& event : events) {
    if (event.tag == host_process_tag) on_host_gone();
    if (event.tag == host_socket_tag && event.is_readable && reads_requests()) read_requests();
  }
  for (const auto& event : events) {
    if (event.tag >= zygote_children::first_tag) children_.on_readable(event.tag);
  }
  const auto now = clock::now();
  if (children_.next_look() <= now) children_.look_for_dead();
  if (!outbox_.is_empty()) outbox_.flush();
}

bool zygote_loop::reads_requests() const {
  return !is_ending_ && !outbox_.is_full() && next_read_ <= clock::now();
}

// A socket without reader or writer is no longer watched at all: its hang-up would be told for
// ever.
void zygote_loop::watch_host() {
  next_watch_ = time_point::max();
  const host_interest wanted{reads_requests(), outbox_.waits_for_room()};
  if (wanted == watched_) return;
  const int socket = host_.descriptor().get();
  if (wanted == host_interest{}) {
    events_.remove(socket);
    watched_ = wanted;
    return;
  }
  expected<void> done;
  if (watched_ == host_interest{}) {
    done = events_.add(socket, host_socket_tag);
    if (done) watched_ = {.reads = true, .writes = false};
  }
  if (done && watched_ != wanted) {
    done = events_.change(socket, host_socket_tag, wanted.reads, wanted.writes);
  }
  // The kernel may have memory for it later; as before until then.
  if (done) watched_ = wanted;
  if (!done) next_watch_ = clock::now() + watch_pause;
}

time_point zygote_loop::next_turn() const {
  auto out = std::min({children_.next_look(), outbox_.next_try(), next_watch_});
  if (is_ending_) return std::min(out, next_kill_);
  if (next_read_ > clock::now()) out = std::min(out, next_read_);
  return out;
}

void zygote_loop::on_host_gone() {
  events_.remove(host_process_.descriptor());
  outbox_.close();
  is_ending_ = true;
}

void zygote_loop::read_requests() {
  for (int left = requests_per_turn_max; left > 0 && !is_ending_; --left) {
    auto message = host_.receive(in_);
    if (message) {
      read_pause_.reset();
      on_request(std::span{in_}.first(message->size_bytes), std::move(message->descriptors));
      continue;
    }
    if (message.error().code == errc::would_block) return;
    if (message.error().code == errc::system) {
      next_read_ = clock::now() + read_pause_.take(); // No memory for it now.
      return;
    }
    // End of the stream, or one we cannot trust any more.
    is_ending_ = true;
  }
}

void zygote_loop::on_request(std::span<const std::byte> bytes, std::vector<os::fd> descriptors) {
  switch (kind_of(bytes).value_or(zygote_message::shutdown)) {
  case zygote_message::start:
    if (auto message = decode_start(bytes)) {
      children_.start(std::move(*message), std::move(descriptors));
    }
    return;
  case zygote_message::signal_group:
    if (const auto message = decode_signal_group(bytes)) children_.signal_group(*message);
    return;
  case zygote_message::ping:
    children_.look_for_dead();
    return outbox_.send(encode_pong());
  case zygote_message::shutdown:
    is_ending_ = true;
    return;
  case zygote_message::hello:
  case zygote_message::started:
  case zygote_message::failed:
  case zygote_message::pong:
  case zygote_message::exited:
    return; // Only the zygote says these.
  }
}

void zygote_loop::end_everything() {
  const auto now = clock::now();
  if (children_.kill_all() > 0) kill_pause_.reset();
  next_kill_ = now + kill_pause_.take();
  if (children_.is_empty() && outbox_.is_empty()) ::_exit(EXIT_SUCCESS);
}

} // namespace troupe::detail
