// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/process/detail/crash_page.hpp"
#include "troupe/process/detail/zygote_protocol.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::detail {

/// Names the frames of crashes on a thread of its own ("troupe-symbols"), because reading the debug
/// information of a large program takes long. The thread starts with the first crash.
///
/// Lives in: host. Threads: any. Blocks: only `stop`, for the crash at work.
/// Crash: nothing outside the host. Errors: what cannot be named is shown as module and offset.
class symbol_service {
public:
  using receiver = std::function<void(std::vector<std::string> stack)>;

  symbol_service() = default;
  ~symbol_service() { stop(); }
  symbol_service(const symbol_service&) = delete;
  symbol_service& operator=(const symbol_service&) = delete;

  /// Calls `on_done` on the service's thread; not at all when there is no memory for the names, or
  /// when `stop` came first: the caller has a deadline of its own. Throws std::system_error when no
  /// thread can be made.
  void ask(crash_data crash, std::vector<module_place> modules, receiver on_done);
  /// Ends the thread; crashes that wait are dropped.
  void stop();

private:
  struct request {
    crash_data crash;
    std::vector<module_place> modules;
    receiver on_done;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<request> queue_; // Under `mutex_`; at most one per dead child.
  bool is_ending_ = false;    // Under `mutex_`.
  std::thread thread_;        // Made under `mutex_`.
};

} // namespace troupe::detail
