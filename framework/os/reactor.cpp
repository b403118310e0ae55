// Part of Troupe; see LICENSE.

#include "troupe/os/reactor.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/base/guarded.hpp"
#include "troupe/os/event_fd.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/os/readiness_set.hpp"
#include "troupe/os/standard_streams.hpp"
#include "troupe/os/thread.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <future>
#include <map>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::os {

namespace {

constexpr auto its_name = "the reactor";
constexpr std::uint64_t bell_tag = 0; // Those of watches are larger.
// What the kernel refuses to watch for is asked for again after this.
constexpr auto refused_watch_pause = std::chrono::milliseconds{10};

expected<void> make_non_blocking(int raw) {
  const int flags = ::fcntl(raw, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) != 0) return {};
  if (flags >= 0 && ::fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0) return {};
  return system_failure("cannot make a descriptor non-blocking", errno);
}

// Never waits for who reads stderr: everything else waits for this thread.
void tell_failure(const char* what) noexcept {
  char line[512];
  const int size =
      std::snprintf(line, sizeof line, "troupe: a callback of the reactor failed: %.400s\n", what);
  if (size > 0) (void)write_what_fits(STDERR_FILENO, {line, static_cast<std::size_t>(size)});
}

} // namespace

struct readiness_watch::state {
  state(reactor::impl& loop, int raw, std::function<void()> on_readable)
      : loop_{loop}, raw_{raw}, on_readable_{std::move(on_readable)} {}

  reactor::impl& loop_;
  const int raw_; // The caller's descriptor.
  const fork_guard guard_;
  std::uint64_t tag_ = 0;
  // The reactor thread's from here on.
  std::function<void()> on_readable_;
  std::function<void()> on_writable_; // Empty when nobody waits for room.
  bool is_watched_for_room_ = false;
  bool is_paused_ = false; // And not in the kernel's set, which tells hang-ups to everybody.
  bool has_ended_ = false;
  timer again_; // While the kernel refuses.
};

struct timer::state {
  state(std::weak_ptr<reactor::impl> loop, std::function<void()> function)
      : loop_{std::move(loop)}, function_{std::move(function)} {}

  std::weak_ptr<reactor::impl> loop_;
  const fork_guard guard_;
  std::function<void()> function_;    // Called, and destroyed, on the reactor thread.
  std::atomic<bool> is_done_ = false; // Written under the loop's lock.
  std::multimap<time_point, std::shared_ptr<state>>::iterator place_; // Until it is done.
};

struct reactor::impl : std::enable_shared_from_this<impl> {
  using timer_map = std::multimap<time_point, std::shared_ptr<timer::state>>;
  struct shared_state {
    std::deque<std::function<void()>> posted;
    timer_map timers;
    timer_map cancelled; // Their functions are the reactor thread's to destroy.
    std::unordered_map<std::uint64_t, std::shared_ptr<readiness_watch::state>> watches;
    std::uint64_t last_tag = bell_tag;
  };

  impl() {
    if (const auto added = ready_.add(bell_.descriptor(), bell_tag); !added) raise(added.error());
  }

  void run() noexcept;
  void stop() noexcept;
  void post(std::function<void()> function);

  std::shared_ptr<readiness_watch::state> add_watch(const fd& descriptor,
                                                    std::function<void()> on_readable);
  void end_watch(const std::shared_ptr<readiness_watch::state>& watch) noexcept;
  void set_interest(const std::shared_ptr<readiness_watch::state>& watch);
  void pause(readiness_watch::state& watch) noexcept;
  void resume(const std::shared_ptr<readiness_watch::state>& watch);

  std::shared_ptr<timer::state> add_timer(time_point when, std::function<void()> function);
  void cancel(timer::state& pending) noexcept;

  [[nodiscard]] bool is_own_thread() const noexcept {
    return std::this_thread::get_id() == thread_.get_id();
  }

  const fork_guard guard_;
  std::thread thread_;

private:
  void run_posted() noexcept;
  void run_timers() noexcept;
  std::function<void()> take_due(time_point now);
  void dispatch(const ready_event& event) noexcept;
  [[nodiscard]] deadline next_turn();
  template<class F>
  void call(F&& function) noexcept;

  event_fd bell_ = event_fd::create();
  readiness_set ready_; // Waited on by the reactor thread; the rest is the kernel's to lock.
  guarded<shared_state> shared_;
  std::atomic<bool> is_stopped_ = false; // SYNC(none): the bell is rung after it.
};

void reactor::impl::run() noexcept {
  while (!is_stopped_.load()) {
    run_posted();
    run_timers();
    for (const auto& event : ready_.wait(next_turn())) dispatch(event);
  }
}

void reactor::impl::stop() noexcept {
  is_stopped_.store(true);
  bell_.ring();
}

// Whatever the callback does, the thread goes on; but not in a copy that the callback has forked.
template<class F>
void reactor::impl::call(F&& function) noexcept {
  if (is_stopped_.load()) return;
  try {
    function();
  } catch (const std::exception& problem) {
    tell_failure(problem.what());
  } catch (...) {
    tell_failure("unknown exception");
  }
  guard_.end_forked_copy("a callback of the reactor");
}

void reactor::impl::post(std::function<void()> function) {
  const bool was_empty = shared_.with([&](shared_state& state) {
    state.posted.push_back(std::move(function));
    return state.posted.size() == 1;
  });
  if (was_empty && !is_own_thread()) bell_.ring();
}

void reactor::impl::run_posted() noexcept {
  timer_map cancelled;
  std::deque<std::function<void()>> posted;
  shared_.with([&](shared_state& state) {
    cancelled.swap(state.cancelled);
    posted.swap(state.posted);
  });
  for (const auto& [when, pending] : cancelled) pending->function_ = nullptr;
  for (; !posted.empty(); posted.pop_front()) call(posted.front());
}

deadline reactor::impl::next_turn() {
  return shared_.with([](const shared_state& state) {
    if (!state.posted.empty() || !state.cancelled.empty()) return deadline::now();
    return state.timers.empty() ? deadline::never() : deadline::at(state.timers.begin()->first);
  });
}

std::shared_ptr<timer::state> reactor::impl::add_timer(time_point when,
                                                       std::function<void()> function) {
  auto out = std::make_shared<timer::state>(weak_from_this(), std::move(function));
  const bool is_first = shared_.with([&](shared_state& state) {
    out->place_ = state.timers.emplace(when, out);
    return out->place_ == state.timers.begin();
  });
  if (is_first && !is_own_thread()) bell_.ring();
  return out;
}

void reactor::impl::cancel(timer::state& pending) noexcept {
  const bool was_pending = shared_.with([&](shared_state& state) {
    if (pending.is_done_.exchange(true)) return false;
    state.cancelled.insert(state.timers.extract(pending.place_));
    return true;
  });
  if (was_pending && !is_own_thread()) bell_.ring();
}

std::function<void()> reactor::impl::take_due(time_point now) {
  return shared_.with([&](shared_state& state) -> std::function<void()> {
    const auto first = state.timers.begin();
    if (first == state.timers.end() || first->first > now) return {};
    auto out = std::move(first->second->function_);
    first->second->is_done_.store(true);
    state.timers.erase(first);
    return out;
  });
}

// Those that become due meanwhile wait for the next turn, so that timers alone never keep the rest
// from its turn.
void reactor::impl::run_timers() noexcept {
  const auto now = clock::now();
  while (const auto function = take_due(now)) call(function);
}

void reactor::impl::dispatch(const ready_event& event) noexcept {
  if (event.tag == bell_tag) {
    static_cast<void>(bell_.clear());
    return;
  }
  const auto watch = shared_.with([&](const shared_state& state) {
    const auto found = state.watches.find(event.tag);
    // Cancelled by another callback of this turn.
    return found == state.watches.end() ? nullptr : found->second;
  });
  if (!watch || watch->is_paused_) return;
  if (event.is_writable && watch->on_writable_) {
    const auto on_writable = std::exchange(watch->on_writable_, nullptr);
    call([&] { set_interest(watch); });
    call(on_writable);
  }
  if (event.is_readable && watch->on_readable_) call([&] { watch->on_readable_(); });
}

std::shared_ptr<readiness_watch::state>
reactor::impl::add_watch(const fd& descriptor, std::function<void()> on_readable) {
  const int raw = descriptor.get();
  auto out = std::make_shared<readiness_watch::state>(*this, raw, std::move(on_readable));
  // Before it is watched: the reactor thread looks it up at once.
  shared_.with([&](shared_state& state) {
    out->tag_ = ++state.last_tag;
    state.watches.emplace(out->tag_, out);
  });
  auto added = make_non_blocking(raw);
  if (added) added = ready_.add(raw, out->tag_);
  if (added) return out;
  shared_.with([&](shared_state& state) { state.watches.erase(out->tag_); });
  throw std::system_error{added.error().os_error, std::generic_category(),
                          "cannot watch a descriptor"};
}

// On the reactor thread: no callback is running, and none will.
void reactor::impl::end_watch(const std::shared_ptr<readiness_watch::state>& watch) noexcept {
  shared_.with([&](shared_state& state) { state.watches.erase(watch->tag_); });
  ready_.remove(watch->raw_);
  watch->again_.cancel();
  watch->on_writable_ = nullptr;
  watch->has_ended_ = true;
}

void reactor::impl::pause(readiness_watch::state& watch) noexcept {
  if (std::exchange(watch.is_paused_, true)) return;
  ready_.remove(watch.raw_);
  watch.again_.cancel();
  watch.is_watched_for_room_ = false;
}

void reactor::impl::resume(const std::shared_ptr<readiness_watch::state>& watch) {
  if (!watch->is_paused_ || watch->has_ended_) return;
  if (ready_.add(watch->raw_, watch->tag_)) {
    watch->is_paused_ = false;
    return set_interest(watch);
  }
  timer again;
  again.state_ = add_timer(clock::now() + refused_watch_pause, [this, watch] { resume(watch); });
  watch->again_ = std::move(again);
}

void reactor::impl::set_interest(const std::shared_ptr<readiness_watch::state>& watch) {
  const bool waits_for_room = static_cast<bool>(watch->on_writable_);
  if (waits_for_room == watch->is_watched_for_room_ || watch->is_paused_) return;
  if (ready_.change(watch->raw_, watch->tag_, true, waits_for_room)) {
    watch->is_watched_for_room_ = waits_for_room;
    return;
  }
  // The kernel has no memory for it now. Nobody else would ask again.
  timer again;
  again.state_ =
      add_timer(clock::now() + refused_watch_pause, [this, watch] { set_interest(watch); });
  watch->again_ = std::move(again);
}

readiness_watch& readiness_watch::operator=(readiness_watch&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  state_ = std::move(other.state_);
  return *this;
}

void readiness_watch::cancel() noexcept {
  if (!state_) return;
  // Our epoll instance is the one of the process that made it, and it goes on watching.
  if (state_->guard_.is_forked_copy()) return leak(std::move(state_));
  const auto watched = std::exchange(state_, nullptr);
  auto& loop = watched->loop_;
  if (loop.is_own_thread()) return loop.end_watch(watched);
  std::promise<void> ended;
  loop.post([&] {
    loop.end_watch(watched);
    ended.set_value();
  });
  ended.get_future().wait();
}

void readiness_watch::when_writable(std::function<void()> callback) {
  TROUPE_ASSERT(state_ && state_->loop_.is_own_thread());
  state_->on_writable_ = std::move(callback);
  state_->loop_.set_interest(state_);
}

void readiness_watch::pause() noexcept {
  if (!state_) return;
  TROUPE_ASSERT(state_->loop_.is_own_thread());
  state_->loop_.pause(*state_);
}

void readiness_watch::resume() {
  if (!state_) return;
  TROUPE_ASSERT(state_->loop_.is_own_thread());
  state_->loop_.resume(state_);
}

timer& timer::operator=(timer&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  state_ = std::move(other.state_);
  return *this;
}

void timer::cancel() noexcept {
  if (!state_) return;
  if (state_->guard_.is_forked_copy()) return leak(std::move(state_));
  const auto pending = std::exchange(state_, nullptr);
  if (const auto loop = pending->loop_.lock()) loop->cancel(*pending);
}

bool timer::is_pending() const noexcept {
  return state_ && !state_->is_done_.load();
}

reactor::reactor() : impl_{std::make_shared<impl>()} {
  impl_->thread_ = start_thread("troupe-reactor", [loop = impl_.get()] { loop->run(); });
}

reactor::~reactor() {
  // In a copy the thread is not here, and its locks may be held for ever.
  if (impl_->guard_.is_forked_copy()) {
    leak(std::move(impl_));
    return;
  }
  TROUPE_ASSERT(!is_reactor_thread());
  impl_->stop();
  impl_->thread_.join();
}

void reactor::post(std::function<void()> function) {
  impl_->guard_.refuse_forked_copy(its_name);
  impl_->post(std::move(function));
}

readiness_watch reactor::add_readable(const fd& descriptor, std::function<void()> on_readable) {
  impl_->guard_.refuse_forked_copy(its_name);
  readiness_watch out;
  out.state_ = impl_->add_watch(descriptor, std::move(on_readable));
  return out;
}

timer reactor::add_timer(time_point when, std::function<void()> function) {
  impl_->guard_.refuse_forked_copy(its_name);
  timer out;
  out.state_ = impl_->add_timer(when, std::move(function));
  return out;
}

bool reactor::is_reactor_thread() const noexcept {
  return impl_->is_own_thread();
}

} // namespace troupe::os
