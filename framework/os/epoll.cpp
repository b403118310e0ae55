// Part of Troupe; see LICENSE.

#include "troupe/os/epoll.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <sys/epoll.h>

namespace troupe::os {

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
  timespec left{};
  if (!limit.is_never()) {
    const auto remaining = limit.remaining(clock::now());
    left.tv_sec = static_cast<time_t>(remaining.count() / 1'000'000'000);
    left.tv_nsec = static_cast<long>(remaining.count() % 1'000'000'000);
  }
  const int count = ::epoll_pwait2(epoll.get(), events.data(), static_cast<int>(events.size()),
                                   limit.is_never() ? nullptr : &left, nullptr);
  for (int i = 0; i < count; ++i) on_ring(events[static_cast<std::size_t>(i)].data.ptr);
}

} // namespace troupe::os
