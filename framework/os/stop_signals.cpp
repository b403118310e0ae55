// Part of Troupe; see LICENSE.

#include "troupe/os/stop_signals.hpp"

#include "troupe/base/assert.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace troupe::os {

namespace {

constexpr int noted[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<const event_fd*> current_bell{nullptr};
// A signal in one word: microseconds, number, whether a key was pressed. 0 is no signal.
std::array<std::atomic<std::uint64_t>, stop_signals::kept_max> kept{};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<const event_fd*>::is_always_lock_free);

constexpr std::uint64_t number_bits = 7;

std::uint64_t word_of(int number, bool is_from_terminal) {
  using std::chrono::microseconds;
  const auto since = std::chrono::duration_cast<microseconds>(clock::now().time_since_epoch());
  return static_cast<std::uint64_t>(since.count()) << (number_bits + 1) |
         static_cast<std::uint64_t>(number) << 1U | (is_from_terminal ? 1U : 0U);
}

stop_signal signal_of(std::uint64_t word) {
  const std::chrono::microseconds since{word >> (number_bits + 1)};
  return {.number = static_cast<int>(word >> 1U & ((1U << number_bits) - 1)),
          .is_from_terminal = (word & 1U) != 0,
          .when = time_point{since}};
}

extern "C" void troupe_note_stop_signal(int number, siginfo_t* info, void*) {
  const int saved = errno;
  const auto word = word_of(number, info->si_code == SI_KERNEL);
  for (auto& place : kept) {
    std::uint64_t empty = 0;
    if (place.compare_exchange_strong(empty, word)) break;
  }
  if (const auto* bell = current_bell.load()) bell->ring();
  errno = saved;
}

} // namespace

stop_signals::stop_signals() : bell_{event_fd::create()} {
  static_assert(sizeof saved_[0] >= sizeof(struct sigaction));
  TROUPE_ASSERT(current_bell.load() == nullptr);
  for (auto& place : kept) place = 0;
  current_bell = &bell_;
  struct sigaction notes {};
  notes.sa_sigaction = &troupe_note_stop_signal;
  notes.sa_flags = SA_RESTART | SA_SIGINFO;
  ::sigfillset(&notes.sa_mask);
  for (std::size_t i = 0; i < std::size(noted); ++i) {
    struct sigaction former {};
    ::sigaction(noted[i], nullptr, &former);
    std::memcpy(saved_[i], &former, sizeof former);
    const bool is_ignored = former.sa_handler == SIG_IGN && noted[i] != SIGTERM;
    if (!is_ignored) ::sigaction(noted[i], &notes, nullptr);
  }
}

bool stop_signals::is_ignored(int number) noexcept {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

stop_signals::~stop_signals() {
  for (std::size_t i = 0; i < std::size(noted); ++i) {
    struct sigaction former {};
    std::memcpy(&former, saved_[i], sizeof former);
    ::sigaction(noted[i], &former, nullptr);
  }
  current_bell = nullptr;
}

std::vector<stop_signal> stop_signals::take() {
  static_cast<void>(bell_.clear()); // Before the look: a signal in between rings again.
  std::vector<stop_signal> out;
  for (auto& place : kept) {
    if (const auto word = place.exchange(0); word != 0) out.push_back(signal_of(word));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.when < b.when; });
  return out;
}

} // namespace troupe::os
