// Part of Troupe; see LICENSE.

#include "troupe/pipeline/host_lane.hpp"

#include "troupe/os/event_fd.hpp"
#include "troupe/os/thread.hpp"
#include "troupe/pipeline/interruption.hpp"
#include "troupe/pipeline/session.hpp"

#include <condition_variable>
#include <deque>
#include <optional>
#include <utility>

namespace troupe::pipeline {

namespace {

constexpr slot_id only_slot{0};
constexpr incarnation_id only_incarnation{1};

thread_local const os::event_fd* current_interruption = nullptr;

struct message {
  job_id job;
  std::vector<std::byte> bytes;
};

// Nothing when the memory did not suffice.
std::optional<std::vector<std::byte>> answer_to(session& talk, bytes_view job) noexcept {
  try {
    std::vector<std::byte> answer;
    talk.run(job, [&](bytes_view bytes) { answer.assign(bytes.begin(), bytes.end()); });
    return answer;
  } catch (...) {
    return std::nullopt;
  }
}

} // namespace

const os::event_fd* interruption() noexcept {
  return current_interruption;
}

void set_interruption(const os::event_fd* bell) noexcept {
  current_interruption = bell;
}

struct host_lane::shared {
  os::event_fd answered = os::event_fd::create();
  os::event_fd interrupted = os::event_fd::create(); // Never cleared.

  std::mutex mutex; // Protects what follows.
  std::condition_variable changed;
  std::deque<message> jobs; // Bounded by what the stage posts at once.
  std::deque<message> answers;
  std::size_t unanswered = 0;
  slot_state state = slot_state::stopped;
  time_point since = clock::now();
  bool is_ending = false;
  bool has_ended = false;  // The thread is about to return.
  bool has_failed = false; // A job threw: out of memory.
};

std::shared_ptr<host_lane> host_lane::make(const std::string& worker, pool_environment& environment,
                                           lane_keeper& keeper, dispatched& member) {
  return std::shared_ptr<host_lane>{new host_lane{worker, environment, keeper, member}};
}

host_lane::host_lane(const std::string& worker, pool_environment& environment, lane_keeper& keeper,
                     dispatched& member)
    : is_source_{find_worker(worker_list(), worker)->role == worker_role::source},
      environment_{environment}, shared_{std::make_shared<shared>()}, keeper_{&keeper},
      thread_{os::start_thread("troupe-stream", [with = shared_] { run(with); })} {
  environment_.dispatch().watch(shared_->answered.descriptor(), member);
}

host_lane::~host_lane() {
  end_thread();
  if (keeper_ != nullptr) environment_.dispatch().unwatch(shared_->answered.descriptor());
  if (thread_.joinable()) thread_.detach(); // It holds what it shares.
}

void host_lane::start_workers() {
  {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->is_ending || shared_->state == slot_state::ready) return;
    shared_->state = slot_state::ready;
    shared_->since = clock::now();
  }
  tell([](lane_keeper& keeper) {
    keeper.hold(only_slot, false);
    keeper.on_attached(only_slot, only_incarnation);
  });
}

// On the dispatcher's thread, unless the keeper has been let go.
void host_lane::tell(std::function<void(lane_keeper&)> what) {
  environment_.dispatch().post([self = shared_from_this(), what = std::move(what)] {
    const std::lock_guard lock{self->keeper_mutex_};
    if (self->keeper_ != nullptr) what(*self->keeper_);
  });
}

void host_lane::stop_producing() {
  if (is_source_) shared_->interrupted.ring();
}

void host_lane::end_thread() {
  shared_->interrupted.ring();
  {
    const std::lock_guard lock{shared_->mutex};
    if (std::exchange(shared_->is_ending, true)) return;
    shared_->state = slot_state::stopped;
    shared_->since = clock::now();
  }
  shared_->changed.notify_all();
}

// What the thread still does counts no more, so nobody waits for it.
void host_lane::stop(stop_mode) {
  end_thread();
  if (!is_stop_told_.exchange(true)) tell([](lane_keeper& keeper) { keeper.on_stopped(); });
}

void host_lane::query(std::function<void(std::vector<slot_status>)> receiver) {
  slot_status status;
  status.slot = only_slot;
  status.incarnation = only_incarnation;
  {
    const std::lock_guard lock{shared_->mutex};
    status.state = shared_->state;
    status.since = shared_->since;
  }
  receiver({status});
}

void host_lane::disconnect() {
  {
    const std::lock_guard lock{keeper_mutex_};
    keeper_ = nullptr;
  }
  end_thread();
  environment_.dispatch().unwatch(shared_->answered.descriptor());
  if (!thread_.joinable()) return;
  std::unique_lock lock{shared_->mutex};
  const bool has_ended =
      shared_->changed.wait_for(lock, thread_wait_max, [this] { return shared_->has_ended; });
  lock.unlock();
  if (has_ended) thread_.join();
}

bool host_lane::poll() {
  static_cast<void>(shared_->answered.clear()); // Before the look: what comes later rings again.
  std::deque<message> answers;
  bool has_failed = false;
  {
    const std::lock_guard lock{shared_->mutex};
    answers.swap(shared_->answers);
    shared_->unanswered -= answers.size();
    has_failed = std::exchange(shared_->has_failed, false);
  }
  if (has_failed) kill(only_slot, end_reason::by_itself);
  const std::lock_guard lock{keeper_mutex_};
  if (keeper_ == nullptr) return false;
  for (const auto& each : answers) {
    keeper_->on_reply(only_slot, each.job, reply_kind::value, each.bytes);
  }
  return !answers.empty();
}

bool host_lane::post(slot_id, job_id job, std::span<const std::byte> payload) {
  {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->is_ending) return false;
    shared_->jobs.push_back({job, {payload.begin(), payload.end()}});
    ++shared_->unanswered;
  }
  shared_->changed.notify_all();
  return true;
}

std::size_t host_lane::in_flight(slot_id) const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->unanswered;
}

// A source that is late is let go. Nothing else is killed: there is no process that could take its
// place, so the stage is told that nobody will.
void host_lane::kill(slot_id, end_reason) {
  end_thread();
  tell([](lane_keeper& keeper) {
    keeper.on_detached(only_slot, std::nullopt, {});
    keeper.on_abandoned(only_slot);
  });
}

void host_lane::run(const std::shared_ptr<shared>& with) {
  set_interruption(&with->interrupted);
  session talk;
  std::unique_lock lock{with->mutex};
  while (true) {
    with->changed.wait(lock, [&] { return with->is_ending || !with->jobs.empty(); });
    if (with->is_ending) break;
    message job = std::move(with->jobs.front());
    with->jobs.pop_front();
    lock.unlock();
    const auto bytes = answer_to(talk, job.bytes);
    lock.lock();
    if (bytes) {
      with->answers.push_back({job.job, *bytes});
    } else {
      with->has_failed = true;
    }
    with->answered.ring();
  }
  with->has_ended = true;
  lock.unlock();
  with->changed.notify_all();
}

} // namespace troupe::pipeline
