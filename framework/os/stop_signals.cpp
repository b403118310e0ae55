// Part of Troupe; see LICENSE.

#include "troupe/os/stop_signals.hpp"

#include "troupe/base/assert.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace troupe::os {

namespace {

constexpr int counted[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<const event_fd*> current_bell{nullptr};
std::atomic<int> signal_count{0};
static_assert(std::atomic<int>::is_always_lock_free);
static_assert(std::atomic<const event_fd*>::is_always_lock_free);

extern "C" void troupe_count_stop_signal(int) {
  const int saved = errno;
  signal_count.fetch_add(1);
  if (const auto* bell = current_bell.load()) bell->ring();
  errno = saved;
}

} // namespace

stop_signals::stop_signals() : bell_{event_fd::create()} {
  static_assert(sizeof saved_[0] >= sizeof(struct sigaction));
  TROUPE_ASSERT(current_bell.load() == nullptr);
  signal_count = 0;
  current_bell = &bell_;
  struct sigaction counts {};
  counts.sa_handler = &troupe_count_stop_signal;
  counts.sa_flags = SA_RESTART;
  ::sigfillset(&counts.sa_mask);
  for (std::size_t i = 0; i < std::size(counted); ++i) {
    struct sigaction former {};
    ::sigaction(counted[i], nullptr, &former);
    std::memcpy(saved_[i], &former, sizeof former);
    const bool is_ignored = former.sa_handler == SIG_IGN && counted[i] != SIGTERM;
    if (!is_ignored) ::sigaction(counted[i], &counts, nullptr);
  }
}

stop_signals::~stop_signals() {
  for (std::size_t i = 0; i < std::size(counted); ++i) {
    struct sigaction former {};
    std::memcpy(&former, saved_[i], sizeof former);
    ::sigaction(counted[i], &former, nullptr);
  }
  current_bell = nullptr;
}

int stop_signals::take() noexcept {
  static_cast<void>(bell_.clear()); // Before the count: a signal in between rings again.
  return signal_count.exchange(0);
}

} // namespace troupe::os
