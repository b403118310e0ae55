// Part of Troupe; see LICENSE.

#pragma once

#include <coroutine>
#include <exception>

namespace troupe::test {

/// The smallest coroutine that a test needs: starts at once, and nobody asks for its result.
struct detached {
  struct promise_type {
    detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

} // namespace troupe::test
