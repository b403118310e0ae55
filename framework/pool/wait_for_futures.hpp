// Part of Troupe; see LICENSE.

#pragma once

#include "troupe/base/clock.hpp"
#include "troupe/pool/future.hpp"

#include <algorithm>
#include <memory>
#include <ranges>
#include <utility>
#include <vector>

namespace troupe {

/// What `wait` waits for.
enum class when {
  first_completed, ///< One is resolved.
  first_exception, ///< One has failed (a cancelled one has not), or all are resolved.
  all_completed,   ///< All are resolved.
};

/// The futures that were given to `wait`, each once, in the order in which they were given.
template<class T>
struct wait_result {
  std::vector<future<T>> done;
  std::vector<future<T>> not_done;
};

namespace detail {

/// Listens to tasks of any pools for one `wait`; stops when it is destroyed.
class task_listener {
public:
  task_listener();
  ~task_listener();
  task_listener(const task_listener&) = delete;
  task_listener& operator=(const task_listener&) = delete;

  void listen_to(task_state& task);
  /// Returns at `limit` at the latest.
  void wait(when condition, deadline limit);

private:
  struct board;
  struct note;
  std::shared_ptr<board> board_; // Shared with the notes, one of which may run when we leave.
  std::vector<std::pair<task_state*, note*>> notes_;
};

} // namespace detail

/// Waits until `condition` holds for the futures (a range of future<T>, of any pools), or `span`
/// has passed, which is no error. An empty range holds at once.
///
/// Threads: any, callbacks and coroutines too. Errors: invalid_state for an empty future,
/// std::invalid_argument for a condition that does not exist.
template<std::ranges::input_range Range>
auto wait(const Range& futures, when condition = when::all_completed,
          duration span = duration::max()) {
  using given = std::ranges::range_value_t<Range>;
  wait_result<typename given::value_type> out;
  const auto limit = deadline::after(span);
  {
    detail::task_listener listener;
    std::vector<const task_state*> seen;
    for (const given& each : futures) {
      auto& task = detail::future_access::state(each);
      seen.push_back(&task);
      out.not_done.push_back(each);
    }
    // Each once, in the order of their first mention.
    std::sort(seen.begin(), seen.end());
    const bool has_twins = std::adjacent_find(seen.begin(), seen.end()) != seen.end();
    if (has_twins) {
      std::vector<given> once;
      for (const auto& each : out.not_done) {
        if (std::find(once.begin(), once.end(), each) == once.end()) once.push_back(each);
      }
      out.not_done = std::move(once);
    }
    for (const auto& each : out.not_done) listener.listen_to(detail::future_access::state(each));
    listener.wait(condition, limit);
  }
  const auto is_pending = [](const given& each) { return !each.is_ready(); };
  const auto rest = std::stable_partition(out.not_done.begin(), out.not_done.end(), is_pending);
  out.done.assign(std::make_move_iterator(rest), std::make_move_iterator(out.not_done.end()));
  out.not_done.erase(rest, out.not_done.end());
  return out;
}

} // namespace troupe
