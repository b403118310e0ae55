// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_outbox.hpp"

#include "troupe/base/shortage.hpp"

#include <cerrno>
#include <utility>

namespace troupe::detail {

void zygote_outbox::send(std::vector<std::byte> bytes, std::shared_ptr<const os::pidfd> passed) {
  if (is_closed_) return;
  messages_.push_back({std::move(bytes), std::move(passed)});
  // What waits already goes first, when its time has come.
  if (messages_.size() == 1) flush();
}

void zygote_outbox::flush() {
  waits_for_room_ = false;
  next_try_ = time_point::max();
  while (!messages_.empty()) {
    const auto& next = messages_.front();
    const int raw = next.passed ? next.passed->descriptor().get() : os::fd::none;
    const auto sent = host_.send(next.bytes, {&raw, next.passed ? std::size_t{1} : 0});
    if (sent) {
      refusals_ = 0;
      pause_.reset();
      messages_.pop_front();
      continue;
    }
    switch (sent.error().code) {
    case errc::would_block:
      waits_for_room_ = true;
      return;
    case errc::system:
      // Memory, or too many descriptors under way; nothing else is better a moment later.
      if (!is_shortage(sent.error().os_error) && sent.error().os_error != ETOOMANYREFS)
        return close();
      if (++refusals_ == refusals_max) return close();
      next_try_ = clock::now() + pause_.take();
      return;
    default:
      return close(); // The host has closed its end.
    }
  }
}

void zygote_outbox::close() {
  is_closed_ = true;
  messages_.clear();
  waits_for_room_ = false;
  next_try_ = time_point::max();
}

} // namespace troupe::detail
