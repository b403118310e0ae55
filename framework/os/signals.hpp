// Part of Troupe; see LICENSE.

#pragma once

namespace troupe::os {

/// Gives every signal its default disposition and blocks all of them: a process that is not to be
/// disturbed by what is meant for others. For a process of its own (zygote), never for the host.
void reset_and_block_all_signals() noexcept;

/// Blocks all signals in this thread from now on, and leaves their dispositions.
void block_all_signals() noexcept;

/// Unblocks every signal, as the last step of a fresh process; what was sent before acts now.
void unblock_all_signals() noexcept;

/// Blocks every signal in this thread while it lives, so that threads started meanwhile never
/// run the embedding program's handlers.
///
/// Lives in: any process. Threads: the one that made it. Blocks: never. Crash: nothing shared.
/// Errors: none.
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
