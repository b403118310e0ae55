// Part of Troupe; see LICENSE.

#include "troupe/os/reactor.hpp"

#include "troupe/base/assert.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/os/signals.hpp"
#include "troupe/os/thread.hpp"

#include <atomic>
#include <cstdio>
#include <exception>
#include <future>
#include <system_error>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

namespace troupe::os {

namespace asio = boost::asio;

namespace {
constexpr auto its_name = "the reactor";
} // namespace

// Shared by the handle and the operation under way; touched on the reactor thread only, but for
// `cancel` below.
struct readiness_watch::state : std::enable_shared_from_this<state> {
  state(reactor& owner, int raw) : reactor_{owner}, descriptor_{owner.context()}, raw_{raw} {}

  void arm() {
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& problem) {
                             if (!problem && !self->is_cancelled_) self->call();
                           });
  }

  void call() {
    // Also watched on when the callback throws.
    struct rearm {
      state& self_;
      ~rearm() {
        if (!self_.is_cancelled_) self_.arm();
      }
    } const after{*this};
    on_readable_();
  }

  // On the thread that asks for the watch, so that it hears when the kernel has no room for it.
  void assign() {
    boost::system::error_code problem;
    descriptor_.assign(raw_, problem);
    if (problem) {
      throw std::system_error{problem.value(), std::generic_category(),
                              "cannot watch a descriptor"};
    }
  }

  void start() {
    if (!is_cancelled_) arm();
  }

  void stop() {
    is_cancelled_ = true;
    // Released, not closed: the descriptor is the caller's.
    if (descriptor_.is_open()) descriptor_.release();
  }

  reactor& reactor_;
  asio::posix::stream_descriptor descriptor_;
  int raw_;
  const fork_guard guard_;
  bool is_cancelled_ = false;
  std::function<void()> on_readable_;
};

readiness_watch& readiness_watch::operator=(readiness_watch&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  state_ = std::move(other.state_);
  return *this;
}

void readiness_watch::cancel() noexcept {
  if (!state_) return;
  // Our epoll instance is the one of the process that made it, and it goes on watching.
  if (state_->guard_.is_forked_copy()) return leak(std::move(state_));
  const auto watched = std::exchange(state_, nullptr);
  if (watched->reactor_.is_reactor_thread()) return watched->stop();
  std::promise<void> stopped;
  watched->reactor_.post([&] {
    watched->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

void readiness_watch::when_writable(std::function<void()> callback) {
  TROUPE_ASSERT(state_ && state_->reactor_.is_reactor_thread());
  state_->descriptor_.async_wait(
      asio::posix::descriptor_base::wait_write,
      [self = state_, callback = std::move(callback)](const boost::system::error_code& problem) {
        if (!problem && !self->is_cancelled_) callback();
      });
}

struct timer::state {
  explicit state(asio::io_context& context) : timer_{context} {}
  const fork_guard guard_;
  asio::steady_timer timer_;
  std::atomic<bool> is_done_ = false; // SYNC(none): a hint; the kernel orders the rest.
};

timer& timer::operator=(timer&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  state_ = std::move(other.state_);
  return *this;
}

void timer::cancel() noexcept {
  if (!state_) return;
  if (state_->guard_.is_forked_copy()) return leak(std::move(state_));
  const auto running = std::exchange(state_, nullptr);
  if (!running->is_done_.exchange(true)) running->timer_.cancel();
}

bool timer::is_pending() const noexcept {
  return state_ && !state_->is_done_.load();
}

struct reactor::impl {
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ =
      asio::make_work_guard(context_);
  const fork_guard guard_;
  std::thread thread_;

  void run() noexcept {
    for (;;) {
      try {
        // One by one: a callback that forks comes back here twice.
        while (context_.run_one() != 0) guard_.end_forked_copy("a callback of the reactor");
        return;
      } catch (const std::exception& problem) {
        std::fprintf(stderr, "troupe: a callback of the reactor failed: %s\n", problem.what());
      } catch (...) {
        std::fprintf(stderr, "troupe: a callback of the reactor failed\n");
      }
      guard_.end_forked_copy("a callback of the reactor");
    }
  }
};

reactor::reactor() : impl_{std::make_unique<impl>()} {
  impl_->thread_ = start_thread("troupe-reactor", [loop = impl_.get()] { loop->run(); });
}

reactor::~reactor() {
  // In a copy the thread is not here, and its locks may be held for ever.
  if (impl_->guard_.is_forked_copy()) {
    leak(std::move(impl_));
    return;
  }
  TROUPE_ASSERT(!is_reactor_thread());
  impl_->context_.stop();
  impl_->thread_.join();
}

void reactor::post(std::function<void()> function) {
  impl_->guard_.refuse_forked_copy(its_name);
  asio::post(impl_->context_, std::move(function));
}

readiness_watch reactor::add_readable(const fd& descriptor, std::function<void()> on_readable) {
  impl_->guard_.refuse_forked_copy(its_name);
  readiness_watch out;
  out.state_ = std::make_shared<readiness_watch::state>(*this, descriptor.get());
  out.state_->on_readable_ = std::move(on_readable);
  out.state_->assign();
  if (is_reactor_thread()) {
    out.state_->start();
  } else {
    post([state = out.state_] { state->start(); });
  }
  return out;
}

timer reactor::add_timer(time_point when, std::function<void()> function) {
  impl_->guard_.refuse_forked_copy(its_name);
  timer out;
  out.state_ = std::make_shared<timer::state>(impl_->context_);
  out.state_->timer_.expires_at(when);
  out.state_->timer_.async_wait([state = out.state_, function = std::move(function)](
                                    const boost::system::error_code& problem) {
    if (!problem && !state->is_done_.exchange(true)) function();
  });
  return out;
}

bool reactor::is_reactor_thread() const noexcept {
  return std::this_thread::get_id() == impl_->thread_.get_id();
}

asio::io_context& reactor::context() noexcept {
  return impl_->context_;
}

} // namespace troupe::os
