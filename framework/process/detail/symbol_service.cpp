// Part of Troupe; see LICENSE.

#include "troupe/process/detail/symbol_service.hpp"

#include "troupe/os/thread.hpp"
#include "troupe/process/detail/symbols.hpp"

#include <new>
#include <utility>

namespace troupe::detail {

void symbol_service::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void symbol_service::ask(crash_data crash, std::vector<module_place> modules, receiver on_done) {
  const std::lock_guard lock{mutex_};
  if (!thread_.joinable()) thread_ = os::start_thread("troupe-symbols", [this] { run(); });
  queue_.push_back({std::move(crash), std::move(modules), std::move(on_done)});
  changed_.notify_one();
}

void symbol_service::run() {
  for (;;) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    if (is_ending_) return;
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    try {
      next.on_done(symbolise(next.crash, next.modules, symbol_detail::full));
    } catch (const std::bad_alloc&) {
      continue; // As if it took too long: its frames stay addresses.
    }
  }
}

} // namespace troupe::detail
