// Part of Troupe; see LICENSE.

#pragma once

#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::detail {

/// The threads that run the actors, and nothing else in the host makes a thread for them.
///
/// CAF's own schedulers make theirs (and two more, for timers and printing) inside the constructor
/// of the system, and when one of those is refused the process dies: what is half made cannot be
/// taken apart. So ours exist before there is a system, and starting it makes none.
///
/// Lives in: host. Threads: any; the destructor and `stop` never on an actor's thread. Blocks: only
/// these two. Crash: keeps nothing outside the host. Errors: std::system_error when a thread cannot
/// be made; those made before it have ended then.
class actor_threads {
public:
  explicit actor_threads(std::size_t count);
  actor_threads(const actor_threads&) = delete;
  actor_threads& operator=(const actor_threads&) = delete;
  ~actor_threads();

  /// Returns the scheduler of `system`, which must end before this does. At most once.
  [[nodiscard]] caf::actor_system::module* make_scheduler(caf::actor_system& system);

private:
  class scheduler;
  class unit;

  void begin(caf::actor_system& system, std::size_t throughput);
  void put(caf::resumable* job);
  void stop();
  void end();
  void run();
  [[nodiscard]] caf::resumable* take();

  std::mutex mutex_; // Protects what follows, up to the threads.
  std::condition_variable changed_;
  std::deque<caf::resumable*> jobs_; // References; an actor is in it once at most.
  caf::actor_system* system_ = nullptr;
  std::size_t throughput_ = 0; // Messages that an actor may handle in one turn.
  bool is_ending_ = false;

  std::vector<std::thread> threads_; // The owner's alone.
};

} // namespace troupe::detail
