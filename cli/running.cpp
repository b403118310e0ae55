// Part of Troupe; see LICENSE.

#include "troupe/cli/running.hpp"

#include "troupe/cli/load.hpp"
#include "troupe/cli/standard_output.hpp"
#include "troupe/config/units.hpp"
#include "troupe/os/poll.hpp"
#include "troupe/os/standard_streams.hpp"
#include "troupe/os/this_process.hpp"
#include "troupe/os/thread.hpp"
#include "troupe/runtime/control_service.hpp"
#include "troupe/runtime/run_counts.hpp"
#include "troupe/runtime/sinks.hpp"
#include "troupe/runtime/translation.hpp"
#include "troupe/runtime/view.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace troupe::cli {

namespace {

using namespace std::chrono_literals;

// How often the troupe is looked at: for a progress line, for the rate in a log, and when nobody
// sees it. Then only its end is noticed, and `status` still gets a look of its own.
constexpr duration look_period_on_terminal = 200ms;
constexpr duration look_period_for_log = 1s;
constexpr duration pause_unseen = 1s;
// A look asks every slot, which costs about 2 us for each, so with a thousand of them it is made
// less often: 0.2 % of a core goes into it.
constexpr duration pause_per_slot = 1ms;
// A host that is busier than that is shown as it was, if that is not long ago.
constexpr auto answer_wait_max = 2s;
constexpr duration view_age_max = 2s;
constexpr duration plain_line_pause_min = 5s;
constexpr duration plain_line_pause_max = 60s;
// After everything was killed; only the kernel could hold a process longer.
constexpr duration end_wait_max = 10s;
constexpr unsigned columns_by_default = 80;

// A line that is drawn again and again would be mixed with what a pool writes to the same terminal.
bool writes_to_terminal(const config::troupe_spec& spec) {
  return os::is_terminal(1) &&
         std::any_of(spec.pools.begin(), spec.pools.end(), [](const config::pool_spec& pool) {
           return pool.enabled && pool.builtin == "stdout";
         });
}

bool can_show_progress(const config::troupe_spec& spec, const run_arguments& arguments) {
  return !writes_to_terminal(spec) && !arguments.is_quiet && !is_dumb_terminal() &&
         os::is_terminal(2);
}

std::string what_was_lost(std::uint64_t lost, std::uint64_t inside) {
  const auto were = [](std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " message was" : " messages were");
  };
  std::string out;
  if (lost > inside) {
    out = were(lost - inside) +
          " given up and went to no pool; see above why. Mend the cause, or keep such messages: "
          "give the pool a 'dead_letter:' channel that another pool reads";
  }
  if (inside == 0) return out;
  if (!out.empty()) out += ". ";
  return out + were(inside) +
         " lost, or may be: with a command that ended (mode: stream, or a source), or because the "
         "stop did not wait for them; see above";
}

// Why the run is not well done though it has come to its end; empty: it is.
std::string what_went_wrong(std::uint64_t lost, const control::troupe_view& view) {
  auto out = lost > 0 ? what_was_lost(lost, count_messages_lost_inside(view)) : std::string{};
  const auto surplus = count_surplus_lines(view);
  if (surplus == 0) return out;
  if (!out.empty()) out += ". ";
  return out + std::to_string(surplus) + (surplus == 1 ? " line was" : " lines were") +
         " written by commands that were not asked for one (mode: request_reply), so replies may "
         "belong to other messages; see above. Mend the command, or use mode: envelope";
}

bool has_no_pipeline(const config::troupe_spec& spec) {
  return std::all_of(spec.pools.begin(), spec.pools.end(), [](const config::pool_spec& pool) {
    return !pool.enabled || is_service(pool);
  });
}

} // namespace

running::running(const config::troupe_spec& spec, const run_arguments& arguments)
    : spec_{spec}, arguments_{arguments}, has_progress_line_{can_show_progress(spec, arguments)},
      has_services_only_{has_no_pipeline(spec)},
      is_unseen_{!has_progress_line_ &&
                 (arguments.is_quiet || arguments.is_json || has_services_only_)},
      end_bell_{os::event_fd::create()}, console_{{.is_terminal = has_progress_line_,
                                                   .has_colour = has_colour_on_stderr()}},
      look_bell_{os::event_fd::create()}, progress_{spec}, start_{clock::now()},
      next_plain_line_{start_ + plain_line_pause_min}, plain_line_pause_{plain_line_pause_min} {
  set_output_sink([this](std::string_view name, output_stream, std::string_view line) {
    console_.show_output(name, line);
  });
  set_log_sink([this](std::string_view line) { console_.say(line); });
  host_ = std::make_unique<troupe_host>(
      spec, troupe::run_options{.chaos = arguments.chaos, .chaos_seed = arguments.chaos_seed});
}

running::~running() {
  endpoint_.reset();
  host_.reset();
  set_output_sink({});
  set_log_sink({});
  if (waiter_.joinable()) waiter_.join();
}

expected<void> running::open_socket() {
  const auto& wanted = spec_.control;
  if (!arguments_.has_socket || wanted.enabled == false) return {};
  const bool is_asked_for = !arguments_.socket.empty() || wanted.socket || wanted.enabled == true;
  auto opened = serve_control(spec_, arguments_.socket, [this] { return view_for_client(); });
  if (opened) {
    endpoint_ = std::move(*opened);
    return {};
  }
  // Two runs of one name would write the same files; a folder that cannot be written is no reason
  // not to run, unless somebody asked for the socket.
  if (is_asked_for || opened.error().code == errc::would_block) return opened.error();
  console_.say("goes on without a control socket ('troupe status' will not find it): " +
               opened.error().message);
  return {};
}

expected<control::troupe_view> running::view_for_client() {
  // A client wants to know what is, not what was: the view of the last look may be old.
  std::unique_lock lock{view_mutex_};
  const auto wanted = looks_begun_ + 1;
  look_bell_.ring();
  (void)view_changed_.wait_for(lock, answer_wait_max, [&] { return looks_done_ >= wanted; });
  if (!view_) return failure{errc::would_block, "it is just starting; ask again"};
  if (looks_done_ < wanted && clock::now() - view_time_ > view_age_max) {
    return failure{errc::would_block, "it is too busy to say how it is; ask again"};
  }
  return *view_;
}

run_outcome running::run() {
  host_->start();
  waiter_ = os::start_thread("troupe-waiter", [this] {
    (void)host_->wait(deadline::never());
    end_bell_.ring();
  });
  if (has_services_only_ && !arguments_.is_quiet) {
    console_.say(spec_.name + (os::stop_signals::is_ignored(SIGINT)
                                   ? " is running; INT is ignored, as it was when Troupe was "
                                     "started; TERM stops it"
                                   : " is running; Ctrl-C stops it"));
  }
  loop();
  look();
  endpoint_.reset();    // Nothing runs any more, even if stderr takes long to write.
  (void)flush_output(); // To the console, before what is said at the end.
  console_.show_progress("");
  return outcome();
}

void running::loop() {
  while (!has_ended_) {
    wait_for_event();
    const auto now = clock::now();
    inherited_.look(now);
    tell_stop(now);
    if (host_->result().was_too_slow && !std::exchange(was_too_slow_, true) && !end_limit_) {
      end_limit_ = now + end_wait_max;
    }
    if (end_limit_ && now >= *end_limit_ && !has_ended_) leave();
    if (has_ended_ || now < next_look_) continue;
    const bool is_asked_for = std::exchange(is_look_asked_for_, false);
    if (is_unseen_ && !is_asked_for) {
      next_look_ = now + pause_unseen;
      continue;
    }
    look();
    show();
    next_look_ = now + pause_after_look();
  }
}

duration running::pause_after_look() const {
  if (is_unseen_) return pause_unseen;
  const auto period = has_progress_line_ ? look_period_on_terminal : look_period_for_log;
  return std::max(period, pause_per_slot * slots_);
}

void running::wait_for_event() {
  os::poll_set watched;
  const auto signalled = watched.add(signals_.bell().descriptor().get());
  const auto ended = watched.add(end_bell_.descriptor().get());
  const auto asked = watched.add(look_bell_.descriptor().get());
  watched.wait(deadline::at(
      std::min({next_look_, end_limit_.value_or(next_look_), stop_told_at_.value_or(next_look_)})));
  if (watched.is_readable(ended)) has_ended_ = true;
  if (watched.is_readable(asked)) {
    (void)look_bell_.clear();
    is_look_asked_for_ = true;
    next_look_ = time_point::min();
  }
  if (watched.is_readable(signalled)) on_signals(signals_.take());
}

void running::on_signals(const std::vector<os::stop_signal>& came) {
  for (const auto& one : came) {
    if (has_ended_) return;
    switch (stop_requests_.take(one)) {
    case stop_requests::meaning::nothing:
      break;
    case stop_requests::meaning::stop:
      stop_told_at_ = stop_requests_.second_counts_from();
      host_->stop(stop_mode::drain);
      break;
    case stop_requests::meaning::kill:
      stop_told_at_.reset();
      console_.say("killing what is left");
      host_->stop(stop_mode::kill);
      end_limit_ = clock::now() + end_wait_max;
      break;
    }
  }
}

// A stop that is over by then has no need of it.
void running::tell_stop(time_point now) {
  if (!stop_told_at_ || (now < *stop_told_at_ && !has_ended_)) return;
  console_.say(has_ended_ ? "stopping" : "stopping; once more kills what is left");
  stop_told_at_.reset();
}

void running::leave() {
  // Killed, and still there: nothing more can be done from here. What is left goes with us.
  console_.say("some processes do not even end when killed; leaving without them");
  console_.finish();
  std::_Exit(to_int(stop_requests_.is_kill_asked() ? exit_code::interrupted : exit_code::failed));
}

void running::look() {
  std::unique_lock lock{view_mutex_};
  const auto this_look = ++looks_begun_;
  lock.unlock();
  auto view = view_of(*host_, spec_, start_);
  const auto now = clock::now();
  slots_ = 0;
  for (const auto& pool : view.pools) slots_ += pool.replicas;
  lock.lock();
  // A host too busy to answer is shown as it was.
  if (view_ && view.channels.size() < view_->channels.size()) view.channels = view_->channels;
  if (view_ && view.pools.size() < view_->pools.size()) std::swap(view.pools, view_->pools);
  view_ = view;
  view_time_ = now;
  looks_done_ = this_look;
  lock.unlock();
  view_changed_.notify_all();
  progress_.note(std::move(view));
}

void running::show() {
  if (has_progress_line_) {
    const auto columns = os::terminal_columns(2);
    return console_.show_progress(progress_.line(columns > 0 ? columns : columns_by_default));
  }
  const auto now = clock::now();
  if (is_unseen_ || now < next_plain_line_) return;
  console_.say(progress_.plain_line());
  plain_line_pause_ = std::min(plain_line_pause_ * 2, plain_line_pause_max);
  next_plain_line_ = now + plain_line_pause_;
}

run_outcome running::outcome() {
  const auto result = host_->result();
  run_outcome out;
  {
    const std::lock_guard lock{view_mutex_};
    out.view = *view_;
  }
  out.cause = result.cause;
  out.lost_messages = count_lost_messages(spec_, out.view);
  out.finished_messages = count_finished_messages(spec_, out.view);
  out.has_chaos = arguments_.chaos > duration::zero();
  if (result.how == run_result::ending::failed) {
    out.code = exit_code::failed;
  } else {
    out.cause.reset();
    if (auto wrong = what_went_wrong(out.lost_messages, out.view); !wrong.empty()) {
      out.code = exit_code::messages_lost;
      out.cause = failure{errc::task_failed, std::move(wrong)};
    }
  }
  if (was_too_slow_) {
    out.code = exit_code::failed;
    out.cause = failure{errc::timed_out, "stopping took longer than shutdown.timeout; what was "
                                         "left was killed. Raise it, or mend what does not stop"};
  }
  if (stop_requests_.is_kill_asked()) out.code = exit_code::interrupted;
  console_.finish();
  return out;
}

} // namespace troupe::cli
