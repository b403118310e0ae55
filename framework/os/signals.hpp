// Part of Troupe; see LICENSE.

#pragma once

#include <span>

namespace troupe::os {

/// Gives every signal its default disposition and unblocks all of them. For a process of its own
/// (zygote, worker), never for the host. Async-signal-safe.
void reset_all_signals() noexcept;

/// As `reset_all_signals`, when only `signals` were ever changed.
void reset_signals(std::span<const int> signals) noexcept;

/// Ignores `signals` in this process.
void ignore_signals(std::span<const int> signals) noexcept;

/// Blocks every signal in this thread while it lives, so that threads started meanwhile never
/// run the embedding program's handlers.
class block_signals {
public:
  block_signals() noexcept;
  ~block_signals();
  block_signals(const block_signals&) = delete;
  block_signals& operator=(const block_signals&) = delete;

private:
  alignas(16) unsigned char saved_[128]; // A sigset_t, kept out of the header.
};

} // namespace troupe::os
