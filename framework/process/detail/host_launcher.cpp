// Part of Troupe; see LICENSE.

#include "troupe/process/detail/host_launcher.hpp"

#include "troupe/process/detail/symbols.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

// A zygote that was told to end everything and has not: killed, its children by pidfd.
constexpr auto close_timeout = std::chrono::seconds{2};

failure cannot_start(const std::string& name, const failure& cause) {
  return {cause.code == errc::system ? errc::start_failed : cause.code,
          "cannot start '" + name + "': " + cause.message, cause.os_error};
}

failure out_of_descriptors() {
  return {errc::start_failed, "out of descriptors; raise the limit of open files", EMFILE};
}

failure launcher_closed() {
  return {errc::closed, "its launcher is being closed", 0};
}

std::vector<int> raw_numbers(const launch_request& request) {
  std::vector<int> out;
  for (const auto& descriptor : request.owned) out.push_back(descriptor.get());
  for (const auto* descriptor : request.borrowed) out.push_back(descriptor->get());
  return out;
}

// The first crash is told, and its worker replaced, once the debug information of a large program
// is read: a second or so. What takes longer stays unnamed, for the pool must not wait.
constexpr auto symbols_timeout = std::chrono::seconds{2};

// What the kernel refuses to send (ENOMEM) is sent again after a pause, so often at most: a second.
constexpr auto send_pause = std::chrono::milliseconds{10};
constexpr int send_refusals_max = 100;

// A line for each lost zygote, but not more often.
constexpr auto loss_line_pause = std::chrono::seconds{1};

// A message that was given up.
struct unsent {
  std::uint64_t child_id;
  failure why;
};

} // namespace

void host_launcher::start(launch_request request) {
  auto message = std::move(request.message);
  auto child = std::make_shared<child_process_impl>(message.options.name, request.observer, tap_);
  if (request.out_reader) child->read_from(output_stream::out, std::move(request.out_reader));
  if (request.err_reader) child->read_from(output_stream::err, std::move(request.err_reader));
  const bool needs_reactor = shared_.with([&](shared_state& state) {
    message.id = state.next_id++;
    child->set_id(message.id);
    state.children.emplace(message.id, child);
    if (message.kind == child_kind::worker && message.method == start_method::zygote) {
      state.wants_fork = true;
    }
    return submit(state, message, request);
  });
  if (needs_reactor) {
    reactor_.post([self = shared_from_this()] { self->flush(); });
  }
}

bool host_launcher::submit(shared_state& state, const start_message& message,
                           launch_request& request) {
  auto bytes = encode(message);
  // The usual way: straight into the socket, without a detour over the reactor thread.
  if (state.link == link_state::ready && state.queue.empty() && !state.is_closing) {
    if (state.zygote->send(bytes, raw_numbers(request))) return state.zygote->expect_answer();
  }
  queued_message queued{message.id, std::move(bytes), std::move(request.owned), 0};
  for (const auto* descriptor : request.borrowed) {
    auto copy = descriptor->duplicate();
    // The message then lacks a descriptor, which the zygote will refuse with a clear text.
    if (copy) queued.descriptors.push_back(std::move(*copy));
  }
  state.queue.push_back(std::move(queued));
  return true;
}

void host_launcher::signal_group(std::uint64_t id, int signal, signal_scope scope) {
  const bool needs_reactor = shared_.with([&](shared_state& state) {
    if (state.link == link_state::none) return false;
    auto bytes = encode(signal_group_message{id, signal, scope});
    state.has_unconfirmed_signal = true;
    // At once if possible: the child may end of something else in the next moment.
    if (state.link == link_state::ready && state.queue.empty() && !state.is_closing) {
      if (state.zygote->send(bytes, {})) return state.zygote->expect_answer();
    }
    state.queue.push_back({0, std::move(bytes), {}, 0});
    return true;
  });
  if (!needs_reactor) return;
  reactor_.post([self = shared_from_this()] { self->flush(); });
}

void host_launcher::flush() {
  enum class next_step { nothing, open, wait_for_room, send_again, fail };
  std::vector<unsent> refused;
  const auto next = shared_.with([&](shared_state& state) {
    if (state.zygote) {
      static_cast<void>(state.zygote->expect_answer());
      state.zygote->look_while_owed();
    }
    if (state.is_closing || state.queue.empty()) {
      return state.queue.empty() ? next_step::nothing : next_step::fail;
    }
    if (state.link == link_state::none) return next_step::open;
    if (state.link == link_state::opening) return next_step::nothing;
    for (; !state.queue.empty(); state.queue.pop_front()) {
      auto& first = state.queue.front();
      std::vector<int> numbers;
      for (const auto& descriptor : first.descriptors) numbers.push_back(descriptor.get());
      const auto sent = state.zygote->send(first.bytes, numbers);
      if (sent) continue;
      if (sent.error().code == errc::would_block) return next_step::wait_for_room;
      // A dead zygote is noticed by its own watch, which starts the next one.
      if (sent.error().code == errc::end_of_stream) return next_step::nothing;
      const bool can_change = sent.error().code == errc::system;
      if (can_change && ++first.refusals < send_refusals_max) return next_step::send_again;
      refused.push_back({first.child_id, sent.error()});
    }
    return next_step::nothing;
  });
  for (const auto& [id, why] : refused) {
    if (const auto child = take(id)) fail_start(child, with_context(why, "its request"));
  }
  if (next == next_step::open) open_zygote();
  if (next == next_step::fail) fail_queued(launcher_closed());
  if (next == next_step::wait_for_room) {
    shared_.with([&](shared_state& state) {
      state.zygote->when_writable([self = shared_from_this()] { self->flush(); });
    });
  }
  if (next == next_step::send_again) {
    send_timer_ = reactor_.add_timer(clock::now() + send_pause, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->flush();
    });
  }
  if (!refused.empty()) finish_closing();
}

void host_launcher::open_zygote() {
  auto zygote = std::make_unique<zygote_link>(reactor_, *this);
  if (const auto opened = zygote->open(); !opened) return fail_queued(opened.error());
  shared_.with([&](shared_state& state) {
    state.zygote = std::move(zygote);
    state.link = link_state::opening;
    static_cast<void>(state.zygote->expect_answer());
    state.zygote->look_while_owed();
  });
}

void host_launcher::on_hello(hello_message message) {
  modules_ = std::move(message.modules);
  shared_.with([&](shared_state& state) {
    state.link = link_state::ready;
    state.zygote_threads = message.thread_count;
  });
  flush();
}

void host_launcher::on_started(const started_message& message, os::pidfd handle) {
  const auto child = find(message.id);
  if (!child) return;
  if (!handle) {
    // It could never be signalled safely. Its end will find nobody to be told to.
    signal_group(message.id, SIGKILL, signal_scope::group);
    static_cast<void>(take(message.id));
    return fail_start(child, out_of_descriptors());
  }
  const auto weak = weak_from_this();
  try {
    child->begin(
        reactor_, message.pid, std::move(handle),
        [weak](std::uint64_t id, int signal, signal_scope scope) {
          if (const auto self = weak.lock()) self->signal_group(id, signal, scope);
        },
        [weak, weak_child = std::weak_ptr{child}] {
          const auto self = weak.lock();
          const auto dead = weak_child.lock();
          if (self && dead) self->on_child_dead(dead);
        });
  } catch (const std::system_error& problem) {
    child->signal(SIGKILL, signal_scope::group);
    static_cast<void>(take(message.id));
    return fail_start(child, system_failure("its end cannot be watched", problem.code().value()));
  }
  child->observer().on_started(child);
  tell_of_threads();
}

void host_launcher::tell_of_threads() {
  std::uint32_t count = 0;
  shared_.with([&](shared_state& state) {
    if (state.zygote_threads <= 1 || !state.wants_fork || state.has_told_of_threads) return;
    state.has_told_of_threads = true;
    count = state.zygote_threads;
  });
  if (count == 0 || !log_) return;
  log_("this program has " + std::to_string(count) +
       " threads before troupe::init (a global object or a library has started them), so workers "
       "cannot be forked and each executes the program again, which starts slower; start threads "
       "after troupe::init, or say start.method: spawn if it is to be so");
}

void host_launcher::on_failed(const failed_message& message) {
  if (const auto child = take(message.id)) {
    fail_start(child, {errc::start_failed, message.text, message.os_error});
  }
}

void host_launcher::on_exited(const exited_message& message) {
  const auto child = take(message.id);
  if (!child) return;
  child->forget_death();
  exit_record record;
  if (message.is_status_known) record.status = from_wait_status(message.wait_status);
  record.usage = {std::chrono::microseconds{message.user_time_us},
                  std::chrono::microseconds{message.system_time_us}, message.rss_max_kib};
  // Only of the signal it died of: a worker may have written anything.
  const bool is_crash = record.status.signal() == message.crash.signal;
  if (is_crash) return tell_crash(child, std::move(record), message);
  tell_exit(child, std::move(record));
  finish_closing();
}

// Tells the end once the frames have names, or without names when that takes too long.
void host_launcher::tell_crash(const child_ptr& child, exit_record record,
                               const exited_message& message) {
  const auto id = child->id();
  const auto& crash = message.crash;
  // One that was executed lies elsewhere than its zygote.
  const auto& modules = message.modules.empty() ? modules_ : message.modules;
  record.stack = symbolise(crash, modules, symbol_detail::quick);
  auto limit = reactor_.add_timer(clock::now() + symbols_timeout, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->on_symbols(id, {});
  });
  untold_crashes_.emplace(id, untold_crash{child, std::move(record), std::move(limit)});
  // Weak: the service's thread must not be the last to hold this object, or it would join itself.
  const auto answer = [&reactor = reactor_, weak = weak_from_this(),
                       id](std::vector<std::string> stack) {
    reactor.post([weak, id, stack = std::move(stack)]() mutable {
      if (const auto self = weak.lock()) self->on_symbols(id, std::move(stack));
    });
  };
  try {
    symbols_.ask(crash, modules, answer);
  } catch (const std::system_error&) {
    on_symbols(id, {}); // No thread can be made: its frames stay addresses.
  }
}

void host_launcher::on_symbols(std::uint64_t id, std::vector<std::string> stack) {
  auto crash = untold_crashes_.extract(id);
  if (crash.empty()) return;
  auto& [child, record, limit] = crash.mapped();
  if (!stack.empty()) record.stack = std::move(stack);
  tell_exit(child, std::move(record));
  finish_closing();
}

void host_launcher::on_lost(const failure& why) {
  std::unique_ptr<zygote_link> lost;
  std::vector<child_ptr> running;
  std::vector<child_ptr> unanswered;
  bool had_hello = false;
  bool is_news = false;
  shared_.with([&](shared_state& state) {
    had_hello = state.link == link_state::ready;
    is_news = !state.is_closing;
    state.link = link_state::none;
    lost = std::move(state.zygote);
    std::set<std::uint64_t> waiting;
    for (const auto& queued : state.queue) waiting.insert(queued.child_id);
    for (const auto& [id, child] : state.children) {
      if (child->has_begun()) {
        running.push_back(child);
      } else if (!waiting.contains(id)) {
        unanswered.push_back(child);
      }
    }
  });
  if (is_news) tell_of_loss(why);
  for (const auto& child : running) end_orphan(child);
  sweep_behind(*lost);
  for (const auto& child : unanswered) {
    if (take(child->id())) fail_start(child, with_context(why, "its zygote is lost, try again"));
  }
  // One that never came up would not do so the next time: no endless loop.
  if (!had_hello) fail_queued(why);
  flush();
  finish_closing();
}

void host_launcher::on_pong() {
  shared_.with([](shared_state& state) { state.has_unconfirmed_signal = false; });
}

bool host_launcher::is_answer_owed() {
  return shared_.with([](shared_state& state) {
    const auto is_owed = [](const auto& entry) {
      const auto& [id, child] = entry;
      return !child->is_orphan() && (!child->has_begun() || child->is_dead());
    };
    if (state.is_closing || state.has_unconfirmed_signal || !state.queue.empty() ||
        std::any_of(state.children.begin(), state.children.end(), is_owed)) {
      return true;
    }
    if (state.zygote) state.zygote->expect_nothing();
    return false;
  });
}

// Its dead children are reaped by others once it is killed, who tell nobody how they ended.
void host_launcher::on_silent() {
  shared_.with([](shared_state& state) {
    for (const auto& [id, child] : state.children) {
      if (child->is_dead()) child->note_wait_status();
    }
  });
}

// The zygote knows more of its end than we do, and tells it at once, if it can.
void host_launcher::on_child_dead(const child_ptr& child) {
  if (child->is_orphan()) return tell_orphan_end(child);
  shared_.with([](shared_state& state) {
    if (state.zygote && state.zygote->expect_answer()) state.zygote->look_while_owed();
  });
}

void host_launcher::tell_of_loss(const failure& why) {
  ++untold_losses_;
  if (!log_ || clock::now() < next_loss_line_) return;
  next_loss_line_ = clock::now() + loss_line_pause;
  const auto times = std::exchange(untold_losses_, 0);
  log_(why.message + (times > 1 ? ", as " + std::to_string(times - 1) + " before it" : "") +
       "; workers are started by another one, and those that went with it again");
}

// Its zygote has died, which kills it; we make sure, and tell its end ourselves.
void host_launcher::end_orphan(const child_ptr& child) {
  child->become_orphan();
  child->handle().signal(SIGKILL);
  child->handle().signal_group(SIGKILL);
  if (child->is_dead()) tell_orphan_end(child);
}

void host_launcher::tell_orphan_end(const child_ptr& child) {
  if (!take(child->id())) return;
  exit_record record;
  const bool was_dead = child->has_noted_status();
  const auto status = child->wait_status();
  record.status = status ? from_wait_status(*status) : exit_status::killed_by(SIGKILL);
  // Not of a fault of its own in the same moment.
  record.went_with_zygote = !was_dead && is_killed_from_outside(record.status);
  tell_exit(child, std::move(record));
  finish_closing();
}

// What its children started is not known by pidfd, and its subreaper is gone.
void host_launcher::sweep_behind(const zygote_link& lost) {
  if (!lost.may_have_left_something()) return;
  try {
    sweeper_.ask(lost.mark());
  } catch (const std::system_error&) {
    // No thread can be made. The children are killed by pidfd all the same.
  }
}

void host_launcher::tell_exit(const child_ptr& child, exit_record record) {
  child->drain_output();
  record.pid = child->pid();
  record.name = child->name();
  record.stderr_tail = child->stderr_tail();
  child->observer().on_exited(record);
  child->release();
}

void host_launcher::fail_start(const child_ptr& child, const failure& cause) {
  child->drop_output();
  child->observer().on_start_failed(cannot_start(child->name(), cause));
  child->release();
}

void host_launcher::fail_queued(const failure& cause) {
  std::vector<child_ptr> failed;
  shared_.with([&](shared_state& state) {
    for (const auto& queued : std::exchange(state.queue, {})) {
      const auto found = state.children.find(queued.child_id);
      if (found == state.children.end()) continue;
      failed.push_back(found->second);
      state.children.erase(found);
    }
  });
  for (const auto& child : failed) fail_start(child, cause);
}

host_launcher::child_ptr host_launcher::find(std::uint64_t id) {
  return shared_.with([&](shared_state& state) {
    const auto found = state.children.find(id);
    return found == state.children.end() ? nullptr : found->second;
  });
}

host_launcher::child_ptr host_launcher::take(std::uint64_t id) {
  return shared_.with([&](shared_state& state) -> child_ptr {
    const auto found = state.children.find(id);
    if (found == state.children.end()) return nullptr;
    auto child = std::move(found->second);
    state.children.erase(found);
    return child;
  });
}

std::future<void> host_launcher::close() {
  reactor_.post([self = shared_from_this()] {
    bool has_zygote = false;
    self->shared_.with([&](shared_state& state) {
      state.is_closing = true;
      has_zygote = state.zygote != nullptr;
      // A zygote that cannot even take this message is killed by the timer.
      if (!has_zygote) return;
      static_cast<void>(state.zygote->send(encode_shutdown(), {}));
      static_cast<void>(state.zygote->expect_answer());
      state.zygote->look_while_owed();
    });
    self->fail_queued(launcher_closed());
    if (!has_zygote) return self->finish_closing();
    self->close_timer_ = self->reactor_.add_timer(clock::now() + close_timeout, [self] {
      self->shared_.with([](shared_state& state) {
        if (state.zygote) state.zygote->kill();
      });
    });
  });
  return closed_.get_future();
}

void host_launcher::finish_closing() {
  const bool is_done = shared_.with([](shared_state& state) {
    return state.is_closing && state.children.empty() && !state.zygote;
  });
  if (!is_done || !untold_crashes_.empty() || std::exchange(is_closed_, true)) return;
  close_timer_.cancel();
  closed_.set_value();
}

} // namespace troupe::detail
