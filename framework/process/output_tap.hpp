// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/os/reactor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace troupe {

/// Stops and continues the reading of what children print, of all children together: while it is
/// closed, their pipes fill and they wait in their own writes.
///
/// Lives in: host. Threads: the reactor's, but for `open`. Blocks: never. Crash: nothing shared.
/// Errors: none.
class output_tap : public std::enable_shared_from_this<output_tap> {
public:
  explicit output_tap(os::reactor& reactor) : reactor_{reactor} {}

  void close() { is_closed_ = true; }
  /// Any thread, while the reactor lives.
  void open();
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
  /// Calls `function` once, when it is opened. `key` is for `forget`.
  void when_open(const void* key, std::function<void()> function) {
    waiting_.insert_or_assign(key, std::move(function));
  }
  void forget(const void* key) { waiting_.erase(key); }

private:
  os::reactor& reactor_;
  bool is_closed_ = false;
  std::map<const void*, std::function<void()>> waiting_;
};

} // namespace troupe
