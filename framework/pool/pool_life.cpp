// Part of Troupe; see LICENSE.

// How a pool ends.

#include "troupe/pool/pool_core.hpp"

#include <csignal>
#include <stdexcept>

namespace troupe {

namespace {
// A killed worker is gone in milliseconds, unless the kernel holds it (uninterruptible sleep).
constexpr auto stop_wait_max = std::chrono::seconds{10};
} // namespace

// Under the lock; only tells the supervisor.
void pool_core::ask_to_stop(stop_mode mode) {
  if (is_stop_asked_ && mode == stop_mode::drain) return;
  is_stop_asked_ = true;
  if (supervision_) supervision_->stop(mode);
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
    throw std::logic_error{"pool '" + settings_.name +
                           "' is still running: call close() or terminate() before join()"};
  }
  // Answers of the last tasks may still be in the rings, with nobody else to look for them.
  ++wants_dispatcher_;
  arm();
  drain_all();
  while (!is_stopped_ && !limit.has_passed()) {
    constexpr auto look_again_after = std::chrono::milliseconds{100};
    const auto slice = deadline::after(look_again_after);
    changed_.wait_until(lock, limit.when() < slice.when() ? limit.when() : slice.when());
    drain_all();
  }
  --wants_dispatcher_;
  return is_stopped_;
}

void pool_core::terminate() {
  std::unique_lock lock{mutex_};
  if (phase_ != pool_phase::terminated) {
    phase_ = pool_phase::terminated;
    drain_all();
    const auto busy = busy_;
    for (const auto index : busy) take_back_unbegun(index);
    fail_backlog({errc::cancelled, "the pool was terminated"});
    const auto running = busy_;
    for (const auto index : running) condemn(index, doom::terminated);
    ask_to_stop(stop_mode::kill);
  }
  const auto limit = clock::now() + stop_wait_max;
  changed_.wait_until(lock, limit, [this] { return is_stopped_; });
}

void pool_core::abandon_handle() noexcept {
  try {
    terminate();
  } catch (const std::exception& e) {
    environment_->log(std::string{"a pool could not be terminated: "} + e.what());
  }
  environment_->dispatch().remove(*this);
  supervision_.reset(); // The actor held this core; no call comes from it any more.
  std::shared_ptr<pool_core> self;
  {
    const std::lock_guard lock{mutex_};
    self = shared_from_this();
    self_ = self;
    if (store_.close()) self_.reset();
  }
  environment_.reset();
}

void pool_core::query(std::function<void(std::vector<slot_status>)> receiver) {
  supervision_->query(std::move(receiver));
}

pool_counters pool_core::counters() {
  const std::lock_guard lock{mutex_};
  drain_all();
  auto out = counters_;
  out.backlog = backlog_size_;
  return out;
}

std::vector<int> pool_core::worker_pids() {
  const std::lock_guard lock{mutex_};
  std::vector<int> pids;
  for (const auto& s : slots_) {
    if (s.link && (s.phase == slot_phase::live || s.phase == slot_phase::draining)) {
      pids.push_back(s.link->pid());
    }
  }
  return pids;
}

} // namespace troupe
