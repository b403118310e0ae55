// Part of Troupe; see LICENSE.

#include "troupe/runtime/reactor_timers.hpp"

#include "troupe/base/assert.hpp"

#include <future>
#include <utility>

namespace troupe {

void reactor_timers::schedule_after(duration delay, std::function<void()> callback) {
  const auto start = clock::now();
  const auto when = delay < time_point::max() - start ? start + delay : time_point::max();
  reactor_.post([self = shared_from_this(), when, call = std::move(callback)]() mutable {
    self->add(when, std::move(call));
  });
}

void reactor_timers::add(time_point when, std::function<void()> callback) {
  if (is_closed_) return;
  const auto id = next_id_++;
  pending_[id] = reactor_.add_timer(when, [this, id, call = std::move(callback)] {
    const auto fired = pending_.extract(id); // Its end belongs to the one that fires.
    if (!fired.empty()) call();
  });
}

void reactor_timers::close() {
  TROUPE_ASSERT(!reactor_.is_reactor_thread());
  const auto closed = std::make_shared<std::promise<void>>();
  auto is_closed = closed->get_future();
  reactor_.post([self = shared_from_this(), closed] {
    self->is_closed_ = true;
    self->pending_.clear();
    closed->set_value();
  });
  is_closed.wait();
}

} // namespace troupe
