// Part of Troupe; see LICENSE.

#include "troupe/os/readiness_set.hpp"

#include "troupe/os/epoll.hpp"

#include <array>
#include <cerrno>

#include <sys/epoll.h>

namespace troupe::os {

namespace {

epoll_event event_of(std::uint64_t tag, bool reads, bool writes) {
  epoll_event out{};
  out.events = (reads ? EPOLLIN : 0U) | (writes ? EPOLLOUT : 0U);
  out.data.u64 = tag;
  return out;
}

// The kernel has no reason to refuse a removal; should it, the descriptor would be told for ever.
constexpr int removal_tries_max = 3;

} // namespace

readiness_set::readiness_set() : epoll_{make_epoll()} {
  events_.reserve(events_max);
}

expected<void> readiness_set::add(int descriptor, std::uint64_t tag) {
  auto event = event_of(tag, true, false);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0) return {};
  return system_failure("cannot watch a descriptor (epoll_ctl)", errno);
}

expected<void> readiness_set::change(int descriptor, std::uint64_t tag, bool reads, bool writes) {
  auto event = event_of(tag, reads, writes);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) == 0) return {};
  return system_failure("cannot change a watch (epoll_ctl)", errno);
}

void readiness_set::remove(int descriptor) noexcept {
  if (descriptor == fd::none) return;
  for (int tries = 0; tries < removal_tries_max; ++tries) {
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr) == 0) return;
    if (errno == ENOENT || errno == EBADF) return;
  }
}

std::span<const ready_event> readiness_set::wait(deadline limit) {
  std::array<epoll_event, events_max> raw; // NOLINT(cppcoreguidelines-pro-type-member-init)
  const int count = wait_for_events(epoll_, limit, raw.data(), static_cast<int>(raw.size()));
  events_.clear();
  for (int i = 0; i < count; ++i) {
    const auto& event = raw[static_cast<std::size_t>(i)];
    events_.push_back({event.data.u64, (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                       (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0});
  }
  return events_;
}

} // namespace troupe::os
