// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_link.hpp"

#include "troupe/base/shortage.hpp"
#include "troupe/os/process_mark.hpp"
#include "troupe/os/process_stat.hpp"
#include "troupe/os/spawn.hpp"
#include "troupe/process/detail/modules.hpp"
#include "troupe/process/detail/orphan_book.hpp"
#include "troupe/process/detail/tree_sweeper.hpp"
#include "troupe/process/launcher.hpp"

#include <csignal>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

// From start to hello: the static constructors of the program run in between.
// Longer than start.timeout by default, which is then what ends a start that takes too long.
constexpr auto hello_timeout = std::chrono::seconds{60};
// A process that was just started and killed is gone at once.
constexpr auto kill_wait_max = std::chrono::seconds{1};
// Reads in a row that the kernel refuses for want of memory before the zygote is given up.
constexpr int read_refusals_max = 1000;

failure died() {
  return {errc::start_failed, "the zygote died", 0};
}

} // namespace

zygote_link::zygote_link(os::reactor& reactor, zygote_events& events)
    : reactor_{reactor}, events_{events}, buffer_(zygote_message_bytes_max) {}

expected<void> zygote_link::open() {
  try {
    auto [own, theirs] = os::unix_socket::make_pair();
    mark_ = os::make_process_mark();
    auto started = os::spawn_own_image(
        zygote_role_variable, theirs.descriptor(),
        {{tree_variable, mark_}, {owner_variable, owner_value_of_zygote(mark_)}});
    if (!started) return with_context(started.error(), "cannot start the zygote");
    socket_ = std::move(own);
    process_ = std::move(started->handle);
    pid_ = started->pid;
    messages_watch_ = reactor_.add_readable(socket_.descriptor(), [this] { read_messages(); });
    // The end of the socket may be held open by a child that was stopped right after its fork.
    death_watch_ = reactor_.add_readable(process_.descriptor(), [this] { on_death(); });
  } catch (const std::system_error& problem) {
    if (process_) {
      kill();
      if (process_.wait_exited(deadline::after(kill_wait_max))) (void)process_.reap();
    }
    return with_context(system_failure(problem.what(), problem.code().value()),
                        "cannot start the zygote");
  }
  hello_timer_ = reactor_.add_timer(clock::now() + hello_timeout, [this] {
    give_up("the zygote was not ready within " + std::to_string(hello_timeout.count()) +
                " s, which no start.timeout can raise; does a static constructor of this program "
                "block?",
            errc::timed_out);
  });
  return {};
}

expected<void> zygote_link::send(std::span<const std::byte> bytes,
                                 std::span<const int> descriptors) const {
  return socket_.send(bytes, descriptors);
}

void zygote_link::when_writable(std::function<void()> callback) {
  if (messages_watch_) messages_watch_.when_writable(std::move(callback));
}

void zygote_link::kill() noexcept {
  process_.signal(SIGKILL);
}

void zygote_link::look_while_owed() {
  if (look_timer_.is_pending() || lost_) return;
  watch_.reset();
  look_timer_ = reactor_.add_timer(clock::now() + zygote_watch::look_period, [this] { look(); });
}

void zygote_link::look() {
  if (lost_ || !events_.is_answer_owed()) return;
  const bool was_heard = std::exchange(was_heard_, false);
  switch (watch_.on_look({was_heard, is_stopped(), has_said_hello_})) {
  case zygote_watch::verdict::answers:
    // A full socket is no reason for a second question.
    if (has_said_hello_) static_cast<void>(send(encode_ping(), {}));
    look_timer_ = reactor_.add_timer(clock::now() + zygote_watch::look_period, [this] { look(); });
    return;
  case zygote_watch::verdict::stopped:
    events_.on_silent();
    return give_up("the zygote was stopped (SIGSTOP)");
  case zygote_watch::verdict::silent:
    events_.on_silent();
    return give_up("the zygote did not answer for " +
                   std::to_string(zygote_watch::silence_max.count()) + " s");
  }
}

bool zygote_link::is_stopped() const {
  if (process_.has_exited()) return false;
  const auto stat = os::stat_of_process(pid_);
  return stat && stat->state == 'T';
}

void zygote_link::read_messages() {
  for (;;) {
    auto message = socket_.receive(buffer_);
    if (!message && message.error().code == errc::would_block) return;
    // The kernel has no memory for it now; what is readable is told again.
    if (!message && is_shortage(message.error().os_error)) {
      if (++read_refusals_ < read_refusals_max) return;
    }
    if (!message && message.error().code == errc::end_of_stream) return lose(died());
    if (!message) return give_up(message.error().message);
    read_refusals_ = 0;
    was_heard_ = true;
    const auto bytes = std::span{buffer_}.first(message->size_bytes);
    if (!on_message(bytes, std::move(message->descriptors))) {
      return give_up("the zygote sent a message that this program does not understand");
    }
  }
}

bool zygote_link::on_message(std::span<const std::byte> bytes, std::vector<os::fd> descriptors) {
  const auto kind = kind_of(bytes);
  if (!kind || (*kind == zygote_message::hello) == has_said_hello_) return false;
  switch (*kind) {
  case zygote_message::hello:
    return on_hello(bytes);
  case zygote_message::started: {
    const auto message = decode_started(bytes);
    if (!message || descriptors.size() > 1) return false;
    // Without its descriptor when this process may open no more.
    events_.on_started(*message, descriptors.empty() ? os::pidfd{}
                                                     : os::pidfd{std::move(descriptors.front())});
    return true;
  }
  case zygote_message::failed: {
    const auto message = decode_failed(bytes);
    if (message) events_.on_failed(*message);
    return message.has_value();
  }
  case zygote_message::exited: {
    const auto message = decode_exited(bytes);
    if (message) events_.on_exited(*message);
    return message.has_value();
  }
  case zygote_message::pong:
    events_.on_pong();
    return true;
  case zygote_message::start:
  case zygote_message::signal_group:
  case zygote_message::ping:
  case zygote_message::shutdown:
    return false; // Only the host says these.
  }
  return false;
}

bool zygote_link::on_hello(std::span<const std::byte> bytes) {
  auto message = decode_hello(bytes);
  if (!message || message->version != zygote_protocol_version || message->pid != pid_) return false;
  if (message->program_identity != loaded_modules().front().identity) return false;
  has_said_hello_ = true;
  hello_timer_.cancel();
  events_.on_hello(std::move(*message));
  return true;
}

void zygote_link::give_up(const std::string& why, errc code) {
  if (lost_) return;
  is_given_up_ = true;
  lose({code, why, 0});
}

// Told when it is really gone: only then do its children get no more from it.
void zygote_link::lose(failure why) {
  if (lost_) return;
  lost_ = std::move(why);
  messages_watch_.cancel();
  hello_timer_.cancel();
  look_timer_.cancel();
  kill();
}

void zygote_link::on_death() {
  // A watch may tell of a descriptor that had this number before; reaping would then be too early.
  if (!process_.has_exited()) return;
  if (!lost_) read_messages(); // What it had said before.
  lose(died());
  death_watch_.cancel();
  const auto status = process_.reap();
  const auto end = status ? std::optional{from_wait_status(*status)} : std::nullopt;
  has_cleaned_up_ = end && end->is_success();
  // May destroy this object.
  events_.on_lost(told_loss(end));
}

// With how it ended. What was ready once could start workers, and so can the next; what died of
// itself before it was ready, or could not answer, would most likely do so again.
failure zygote_link::told_loss(const std::optional<exit_status>& end) const {
  auto told = *lost_;
  const auto how = end ? " (" + to_string(*end) + ")" : std::string{};
  const bool was_killed = end && is_killed_from_outside(*end);
  if (is_given_up_) return told;
  if (has_said_hello_ || was_killed) told.os_error = zygote_loss_error;
  told.message += has_said_hello_ ? how : " before it was ready" + how;
  if (!has_said_hello_ && !was_killed)
    told.message += "; is troupe::init(argc, argv) the first call in main?";
  return told;
}

} // namespace troupe::detail
