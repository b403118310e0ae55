// Part of Troupe; see LICENSE.

#include "troupe/os/poll.hpp"

#include "troupe/os/wait_time.hpp"

#include <cerrno>
#include <vector>

#include <poll.h>

namespace troupe::os {

struct poll_set::entries {
  std::vector<pollfd> list_;
};

poll_set::poll_set() : entries_{std::make_unique<entries>()} {}
poll_set::~poll_set() = default;

void poll_set::clear() noexcept {
  entries_->list_.clear();
}

std::size_t poll_set::add(int descriptor, bool waits_for_room) {
  const auto events = static_cast<short>(waits_for_room ? POLLIN | POLLOUT : POLLIN);
  entries_->list_.push_back({.fd = descriptor, .events = events, .revents = 0});
  return entries_->list_.size() - 1;
}

std::size_t poll_set::add_for_room(int descriptor) {
  entries_->list_.push_back({.fd = descriptor, .events = POLLOUT, .revents = 0});
  return entries_->list_.size() - 1;
}

void poll_set::wait(deadline limit) {
  auto& list = entries_->list_;
  if (::poll(list.data(), list.size(), milliseconds_until(limit)) >= 0) return;
  if (errno != EINTR) pause_after_failed_wait();
  for (auto& entry : list) entry.revents = 0;
}

bool poll_set::is_readable(std::size_t place) const noexcept {
  return (entries_->list_[place].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

bool poll_set::is_writable(std::size_t place) const noexcept {
  return (entries_->list_[place].revents & POLLOUT) != 0;
}

} // namespace troupe::os
