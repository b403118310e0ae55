// Part of Troupe; see LICENSE.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe {

inline constexpr std::size_t throw_frames_max = 32;

/// Remembers from where an exception was thrown. A clause that catches it by reference, put before
/// `catch (...)`, is never entered: it only looks at the stack while the unwinder searches for a
/// handler and nothing has been unwound yet. Exceptions that are caught further inside cost nothing
/// and are not seen; of one that is caught and thrown again, the last throw is seen. See
/// docs/decisions/throw-stack.md.
///
///     try { task(); }
///     catch (const throw_probe&) {}
///     catch (...) { send(take_throw_stack()); }
///
/// Lives in: worker. Threads: any; each has its own memory. Blocks: never.
/// Crash: nothing shared. Errors: where a standard library allows no such look, no stack.
class throw_probe {
public:
  throw_probe() = delete;
  virtual ~throw_probe();
};

/// The frames outside of this one are the same for all tasks: stacks of this thread end here.
/// `frame` is `__builtin_frame_address(0)`, or null for stacks that go on to the end.
void end_throw_stacks_at(const void* frame) noexcept;

/// Code addresses (see `code_address`) of the last throw that a probe of this thread saw, innermost
/// first, each inside the calling instruction; at most `throw_frames_max`. Forgets them.
std::vector<std::uint64_t> take_throw_stack();

} // namespace troupe
