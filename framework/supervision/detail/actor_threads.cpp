// Part of Troupe; see LICENSE.

#include "troupe/supervision/detail/actor_threads.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/os/thread.hpp"

#include <caf/actor_clock.hpp>
#include <caf/execution_unit.hpp>
#include <caf/group.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <cstdint>

namespace troupe::detail {
namespace {

/// Supervision has a `timer_service`; its actors ask CAF for no timer, and so there is no thread
/// for them.
class no_clock final : public caf::actor_clock {
public:
  void set_ordinary_timeout(time_point, caf::abstract_actor*, caf::atom_value,
                            std::uint64_t) override {
    refuse();
  }
  void set_multi_timeout(time_point, caf::abstract_actor*, caf::atom_value,
                         std::uint64_t) override {
    refuse();
  }
  void set_request_timeout(time_point, caf::abstract_actor*, caf::message_id) override { refuse(); }
  void schedule_message(time_point, caf::strong_actor_ptr, caf::mailbox_element_ptr) override {
    refuse();
  }
  void schedule_message(time_point, caf::group, caf::strong_actor_ptr, caf::message) override {
    refuse();
  }

  void cancel_ordinary_timeout(caf::abstract_actor*, caf::atom_value) override {}
  void cancel_request_timeout(caf::abstract_actor*, caf::message_id) override {}
  void cancel_timeouts(caf::abstract_actor*) override {}
  void cancel_all() override {}

private:
  static void refuse() { TROUPE_ASSERT(!"an actor of supervision asks CAF for a timer"); }
};

} // namespace

class actor_threads::scheduler final : public caf::scheduler::abstract_coordinator {
public:
  scheduler(caf::actor_system& system, actor_threads& threads)
      : abstract_coordinator{system}, threads_{threads} {}

  // Not the base's: that makes a thread for the printer, which nothing here uses.
  void start() override { threads_.begin(system_, max_throughput()); }
  void stop() override { threads_.stop(); }
  void enqueue(caf::resumable* job) override { threads_.put(job); }
  bool detaches_utility_actors() const override { return false; }
  caf::actor_clock& clock() noexcept override { return clock_; }

private:
  actor_threads& threads_;
  no_clock clock_;
};

/// What an actor sees of the thread that runs it.
class actor_threads::unit final : public caf::execution_unit {
public:
  unit(caf::actor_system& system, actor_threads& threads)
      : execution_unit{&system}, threads_{threads} {}

  void exec_later(caf::resumable* job) override { threads_.put(job); }

private:
  actor_threads& threads_;
};

actor_threads::actor_threads(std::size_t count) {
  threads_.reserve(count);
  try {
    while (threads_.size() < count)
      threads_.push_back(os::start_thread("troupe-actors", [this] { run(); }));
  } catch (...) {
    end();
    throw;
  }
}

// Jobs can be left only by a system whose constructor has failed; they died with it.
actor_threads::~actor_threads() {
  end();
}

caf::actor_system::module* actor_threads::make_scheduler(caf::actor_system& system) {
  return new scheduler{system, *this}; // CAF's interface: it takes it over.
}

void actor_threads::begin(caf::actor_system& system, std::size_t throughput) {
  {
    const std::lock_guard lock{mutex_};
    system_ = &system;
    throughput_ = throughput;
  }
  changed_.notify_all();
}

void actor_threads::put(caf::resumable* job) {
  {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(job);
  }
  changed_.notify_one();
}

void actor_threads::stop() {
  end();
  for (;;) {
    caf::resumable* job = nullptr;
    {
      const std::lock_guard lock{mutex_};
      if (jobs_.empty()) return;
      job = jobs_.front();
      jobs_.pop_front();
    }
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
  }
}

void actor_threads::end() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void actor_threads::run() {
  auto* job = take();
  if (!job) return;
  unit self{*system_, *this}; // Written before the first job was handed out, and never again.
  for (; job; job = take()) {
    switch (job->resume(&self, throughput_)) {
    case caf::resumable::resume_later:
      put(job); // Its reference goes along.
      break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message:
    case caf::resumable::shutdown_execution_unit:
      caf::intrusive_ptr_release(job);
      break;
    }
  }
}

caf::resumable* actor_threads::take() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return is_ending_ || (system_ && !jobs_.empty()); });
  if (!system_ || jobs_.empty()) return nullptr;
  auto* const job = jobs_.front();
  jobs_.pop_front();
  return job;
}

} // namespace troupe::detail
