// Part of Troupe; see LICENSE.

// How a pool ends.

#include "troupe/pool/call_runner.hpp"
#include "troupe/pool/pool_core.hpp"

#include <csignal>
#include <utility>

namespace troupe {

namespace {
// A killed worker is gone in milliseconds, unless the kernel holds it (uninterruptible sleep).
constexpr auto stop_wait_max = std::chrono::seconds{10};
} // namespace

// Under the lock; only tells the supervisor.
void pool_core::ask_to_stop(stop_mode mode) {
  if (is_stop_asked_ && mode == stop_mode::drain) return;
  is_stop_asked_ = true;
  if (slots_.is_supervised()) slots_.stop(mode);
}

void pool_core::close() {
  const std::lock_guard lock{mutex_};
  if (phase_ != pool_phase::open) return;
  phase_ = pool_phase::closing;
  drain_all();
  if (unresolved_ == 0) ask_to_stop(stop_mode::drain);
}

bool pool_core::join(deadline limit) {
  std::unique_lock lock{mutex_};
  if (phase_ == pool_phase::open) {
    throw invalid_state{"pool '" + settings_.name +
                        "' is still running: call close() or terminate() before join()"};
  }
  return wait_for_end(lock, limit, [this] { return is_stopped_ && has_called_back(); });
}

// Callbacks run one after another: one that waited for those behind it would wait for ever.
bool pool_core::has_called_back() const noexcept {
  return owed_calls_ == 0 || call_runner::is_this_thread();
}

// As long as they take: they may use what the caller is about to destroy.
void pool_core::wait_for_calls() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return has_called_back(); });
}

template<class Condition>
bool pool_core::wait_for_end(std::unique_lock<os::adaptive_mutex>& lock, deadline limit,
                             const Condition& has_come) {
  // Answers of the last tasks may still be in the rings, with nobody else to look for them.
  ++wants_dispatcher_;
  arm();
  drain_all();
  while (!has_come() && !limit.has_passed()) {
    constexpr auto look_again_after = std::chrono::milliseconds{100};
    const auto slice = deadline::after(look_again_after);
    changed_.wait_until(lock, limit.when() < slice.when() ? limit.when() : slice.when());
    drain_all();
  }
  --wants_dispatcher_;
  return has_come();
}

// What `close` promised: tasks take as long as they may, the workers' way out as long as the stop
// ladder says.
void pool_core::finish_if_closed() {
  std::unique_lock lock{mutex_};
  if (phase_ != pool_phase::closing) return;
  const auto is_done = [this] { return unresolved_ == 0 || is_stopped_; };
  (void)wait_for_end(lock, deadline::never(), is_done);
  const auto& stop = settings_.stop;
  const auto way_out = stop.timeout ? deadline::after(stop.drain + *stop.timeout + stop_wait_max)
                                    : deadline::never();
  (void)wait_for_end(lock, way_out, [this] { return is_stopped_; });
}

void pool_core::terminate() {
  std::unique_lock lock{mutex_};
  if (phase_ != pool_phase::terminated) {
    phase_ = pool_phase::terminated;
    drain_all();
    const auto busy = busy_;
    for (const auto index : busy) take_back_unbegun(index, slots_[index].link->end().head());
    fail_backlog({errc::cancelled, "the pool was terminated"});
    const auto running = busy_;
    for (const auto index : running) condemn(index, end_reason::stopped);
    ask_to_stop(stop_mode::kill);
  }
  const auto limit = clock::now() + stop_wait_max;
  if (changed_.wait_until(lock, limit, [this] { return is_stopped_; })) return;
  for (std::size_t i = 0; i < slots_.size(); ++i) write_off(i);
}

// The kernel does not let the worker go (uninterruptible sleep). Its task ends here all the same;
// its rings stay mapped until it is gone, its blocks of the input arena until the pool is.
void pool_core::write_off(std::size_t index) {
  auto& s = slots_[index];
  if (!s.link) return;
  environment_->log("worker " + slots_.name_of(s.link->slot()) + " (pid " +
                    std::to_string(s.link->pid()) +
                    ") was killed and does not end; it is left to the kernel");
  environment_->dispatch().unwatch(s.link->end().doorbell());
  const auto link = slots_.clear(index);
  auto& end = link->end();
  for (auto position = end.tail(); position-- > end.head();) {
    if (end.is_revoked(position)) continue;
    auto& task = *reinterpret_cast<task_state*>(end.tag_at(position));
    task.place = byte_place::none;
    task.was_running = true; // What was not begun, terminate() has taken back.
    resolve(task, outcome::cancelled);
  }
  loads_[index] = {};
  std::erase(busy_, static_cast<std::uint32_t>(index));
  sentences_[index] = {};
  end.wake_waiters();
}

void pool_core::abandon_handle() noexcept {
  try {
    finish_if_closed();
    terminate(); // Whoever is still there after that is written off.
    wait_for_calls();
  } catch (const std::exception& e) {
    environment_->log(std::string{"a pool could not be terminated: "} + e.what());
  }
  environment_->dispatch().remove(*this);
  std::unique_ptr<pool_supervision> supervision;
  {
    const std::lock_guard lock{mutex_};
    supervision = slots_.release_supervision();
  }
  supervision.reset(); // The actor held this core; no call comes from it any more.
  std::shared_ptr<pool_core> self;
  std::shared_ptr<pool_environment> environment; // Ends outside the lock: it joins its threads.
  {
    const std::lock_guard lock{mutex_};
    environment = std::move(environment_);
    input_memory_.close_descriptor(); // Futures may keep this core for long, but no worker comes.
    self = shared_from_this();
    self_ = self;
    if (store_.close()) self_.reset();
  }
}

void pool_core::query(std::function<void(std::vector<slot_status>)> receiver) {
  slots_.query(std::move(receiver));
}

pool_counters pool_core::counters() {
  const std::lock_guard lock{mutex_};
  drain_all();
  auto out = counters_;
  out.backlog = backlog_size_ - withdrawn_;
  return out;
}

std::vector<int> pool_core::worker_pids() {
  const std::lock_guard lock{mutex_};
  std::vector<int> pids;
  for (const auto& s : slots_) {
    const bool is_up = s.phase == worker_phase::live || s.phase == worker_phase::draining;
    // A worker may say that it is ready before the launcher tells its pid.
    if (s.link && is_up && s.link->pid() > 0) pids.push_back(s.link->pid());
  }
  return pids;
}

} // namespace troupe
