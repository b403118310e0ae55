// Part of Troupe; see LICENSE.

#include "troupe/process/detail/tree_sweeper.hpp"

#include "troupe/base/clock.hpp"
#include "troupe/os/process_mark.hpp"
#include "troupe/os/thread.hpp"

#include <csignal>
#include <map>
#include <utility>

namespace troupe::detail {

namespace {

// Something that forks as fast as it can is not followed for ever.
constexpr int rounds_max = 200;
// A process that becomes another program during a look is not seen in it.
constexpr int quiet_rounds_wanted = 2;
constexpr auto dying_time = std::chrono::milliseconds{5};

void sweep(const std::string& mark) {
  const auto entry = std::string{tree_variable} + "=" + mark;
  std::map<int, os::pidfd> killed;
  int quiet_rounds = 0;
  for (int round = 0; round < rounds_max && quiet_rounds < quiet_rounds_wanted; ++round) {
    ++quiet_rounds;
    for (auto& [pid, handle] : os::find_marked_processes(entry)) {
      const auto known = killed.find(pid);
      // Killed already, but in a system call that it must finish first.
      if (known != killed.end() && !known->second.has_exited()) continue;
      handle.signal(SIGKILL);
      killed.insert_or_assign(pid, std::move(handle));
      quiet_rounds = 0;
    }
    std::this_thread::sleep_for(dying_time);
    std::erase_if(killed, [](const auto& one) { return one.second.has_exited(); });
  }
}

} // namespace

void tree_sweeper::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void tree_sweeper::ask(std::string mark) {
  const std::lock_guard lock{mutex_};
  if (is_ending_) return;
  if (!thread_.joinable()) thread_ = os::start_thread("troupe-sweep", [this] { run(); });
  queue_.push_back(std::move(mark));
  changed_.notify_one();
}

void tree_sweeper::run() {
  for (;;) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    sweep(next);
  }
}

} // namespace troupe::detail
