// Part of Troupe; see LICENSE.

#include "troupe/os/epoll.hpp"

#include "troupe/os/wait_time.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <sys/epoll.h>

namespace troupe::os {

namespace {

// SYNC(none): once false it stays so; whoever reads it late asks the kernel in vain once more.
std::atomic<bool> has_precise_wait = true;
constexpr int unsupported = -2;

// The count of events, -1 with errno, or `unsupported`: ENOSYS before Linux 5.11; both from
// profiles of containers that do not know the call.
int wait_precisely(const fd& epoll, deadline limit, epoll_event* events, int room) {
  timespec left{};
  if (!limit.is_never()) {
    const auto remaining = limit.remaining(clock::now());
    left.tv_sec = static_cast<time_t>(remaining.count() / 1'000'000'000);
    left.tv_nsec = static_cast<long>(remaining.count() % 1'000'000'000);
  }
  const int count =
      ::epoll_pwait2(epoll.get(), events, room, limit.is_never() ? nullptr : &left, nullptr);
  return count < 0 && (errno == ENOSYS || errno == EPERM) ? unsupported : count;
}

} // namespace

fd make_epoll() {
  const int raw = ::epoll_create1(EPOLL_CLOEXEC);
  if (raw < 0) throw std::system_error{errno, std::generic_category(), "cannot make an epoll"};
  return fd{raw};
}

void epoll_add(const fd& epoll, const fd& watched, void* tag) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = tag;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, watched.get(), &event) != 0) {
    throw std::system_error{errno, std::generic_category(), "cannot watch a doorbell"};
  }
}

void epoll_remove(const fd& epoll, const fd& watched) noexcept {
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, watched.get(), nullptr);
}

void epoll_wait(const fd& epoll, deadline limit, const std::function<void(void*)>& on_ring) {
  std::array<epoll_event, 64> events{};
  const int count = wait_for_events(epoll, limit, events.data(), static_cast<int>(events.size()));
  for (int i = 0; i < count; ++i) on_ring(events[static_cast<std::size_t>(i)].data.ptr);
}

int wait_for_events(const fd& epoll, deadline limit, epoll_event* events, int room) {
  int count = unsupported;
  if (has_precise_wait.load(std::memory_order_relaxed)) {
    count = wait_precisely(epoll, limit, events, room);
  }
  if (count == unsupported) {
    has_precise_wait.store(false, std::memory_order_relaxed);
    count = ::epoll_wait(epoll.get(), events, room, milliseconds_until(limit));
  }
  if (count >= 0) return count;
  if (errno != EINTR) pause_after_failed_wait();
  return 0;
}

} // namespace troupe::os
