// Part of Troupe; see LICENSE.

#include "troupe/os/readiness_set.hpp"

#include "troupe/os/epoll.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <system_error>

#include <sys/epoll.h>

namespace troupe::os {

namespace {

epoll_event event_of(std::uint64_t tag, bool reads, bool writes) {
  epoll_event out{};
  out.events = (reads ? EPOLLIN : 0U) | (writes ? EPOLLOUT : 0U);
  out.data.u64 = tag;
  return out;
}

// Rounded up: a wait that ends too early would be one more turn.
int timeout_ms_of(deadline limit) {
  if (limit.is_never()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit.remaining(clock::now()));
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

} // namespace

readiness_set::readiness_set() : epoll_{make_epoll()} {
  events_.reserve(events_max);
}

expected<void> readiness_set::add(const fd& descriptor, std::uint64_t tag) {
  auto event = event_of(tag, true, false);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor.get(), &event) == 0) return {};
  return system_failure("cannot watch a descriptor (epoll_ctl)", errno);
}

void readiness_set::change(const fd& descriptor, std::uint64_t tag, bool reads, bool writes) {
  auto event = event_of(tag, reads, writes);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor.get(), &event) == 0) return;
  throw std::system_error{errno, std::generic_category(), "cannot change a watch (epoll_ctl)"};
}

void readiness_set::remove(const fd& descriptor) noexcept {
  if (descriptor) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor.get(), nullptr);
}

std::span<const ready_event> readiness_set::wait(deadline limit) {
  std::array<epoll_event, events_max> raw; // NOLINT(cppcoreguidelines-pro-type-member-init)
  const int count =
      ::epoll_wait(epoll_.get(), raw.data(), static_cast<int>(raw.size()), timeout_ms_of(limit));
  if (count < 0 && errno != EINTR) {
    throw std::system_error{errno, std::generic_category(), "cannot wait for events (epoll_wait)"};
  }
  events_.clear();
  for (int i = 0; i < count; ++i) {
    const auto& event = raw[static_cast<std::size_t>(i)];
    events_.push_back({event.data.u64, (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                       (event.events & EPOLLOUT) != 0});
  }
  return events_;
}

} // namespace troupe::os
