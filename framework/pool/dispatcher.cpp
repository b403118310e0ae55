// Part of Troupe; see LICENSE.

#include "troupe/pool/dispatcher.hpp"

#include "troupe/os/epoll.hpp"
#include "troupe/os/thread.hpp"
#include "troupe/os/thread_name.hpp"

#include <algorithm>

namespace troupe {

dispatcher::dispatcher() : epoll_{os::make_epoll()}, command_{os::event_fd::create()} {
  os::epoll_add(epoll_, command_.descriptor(), nullptr);
  thread_ = os::start_thread("troupe-disp", [this] { run(); });
}

dispatcher::~dispatcher() {
  is_stopping_.store(true);
  command_.ring();
  thread_.join();
}

void dispatcher::add(std::shared_ptr<dispatched> member) {
  {
    const std::lock_guard lock{mutex_};
    members_.push_back(std::move(member));
  }
  command_.ring();
}

void dispatcher::remove(const dispatched& member) {
  const std::lock_guard serving{serving_};
  const std::lock_guard lock{mutex_};
  std::erase_if(members_, [&](const auto& m) { return m.get() == &member; });
}

void dispatcher::watch(const os::fd& doorbell, dispatched& member) {
  os::epoll_add(epoll_, doorbell, &member);
}

void dispatcher::unwatch(const os::fd& doorbell) noexcept {
  os::epoll_remove(epoll_, doorbell);
}

void dispatcher::wake() noexcept {
  command_.ring();
}

void dispatcher::post(std::function<void()> action) {
  {
    const std::lock_guard lock{mutex_};
    posted_.push_back(std::move(action));
  }
  command_.ring();
}

void dispatcher::run_posted() {
  std::vector<std::function<void()>> actions;
  {
    const std::lock_guard lock{mutex_};
    actions.swap(posted_);
  }
  for (auto& action : actions) action();
}

time_point dispatcher::tick_all(time_point now) {
  std::vector<std::shared_ptr<dispatched>> members;
  {
    const std::lock_guard lock{mutex_};
    members = members_;
  }
  auto next = time_point::max();
  for (const auto& member : members) next = std::min(next, member->tick(now));
  return next;
}

// A member that was removed since it was rung is not called: its pointer is only compared.
time_point dispatcher::serve_rung(const std::vector<dispatched*>& rung, time_point now) {
  auto next = time_point::max();
  for (auto* const who : rung) {
    std::shared_ptr<dispatched> member;
    {
      const std::lock_guard lock{mutex_};
      const auto it = std::find_if(members_.begin(), members_.end(),
                                   [&](const auto& m) { return m.get() == who; });
      if (it != members_.end()) member = *it;
    }
    if (member) next = std::min(next, member->serve(now));
  }
  return next;
}

void dispatcher::run() {
  os::sharpen_timers();
  auto next_tick = time_point::min();
  std::vector<dispatched*> rung;
  while (!is_stopping_.load()) {
    rung.clear();
    const auto limit = next_tick == time_point::max() ? deadline::never() : deadline::at(next_tick);
    os::epoll_wait(epoll_, limit, [&](void* who) {
      if (who == nullptr) {
        command_.clear();
        next_tick = time_point::min();
      } else if (std::find(rung.begin(), rung.end(), who) == rung.end()) {
        rung.push_back(static_cast<dispatched*>(who));
      }
    });
    run_posted();
    const std::lock_guard serving{serving_};
    const auto now = clock::now();
    next_tick = std::min(next_tick, serve_rung(rung, now));
    if (now >= next_tick) next_tick = tick_all(now);
  }
}

} // namespace troupe
