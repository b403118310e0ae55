// Part of Troupe; see LICENSE.

#include "troupe/runtime/host_environment.hpp"

#include "troupe/os/fork_guard.hpp"
#include "troupe/os/reactor.hpp"
#include "troupe/pool/call_runner.hpp"
#include "troupe/pool/dispatcher.hpp"
#include "troupe/process/make_launcher.hpp"
#include "troupe/process/output_writer.hpp"
#include "troupe/runtime/detail/current_sinks.hpp"
#include "troupe/runtime/detail/environment_claim.hpp"
#include "troupe/runtime/reactor_timers.hpp"
#include "troupe/supervision/supervision_factory.hpp"

#include <atomic>
#include <mutex>
#include <utility>

namespace troupe {

namespace {

constexpr auto its_name = "Troupe's runtime";

constexpr output_limits limits{};

class environment final : public pool_environment {
public:
  environment()
      : tap_{std::make_shared<output_tap>(reactor_)}, writer_{detail::current_sinks(), limits,
                                                              [tap = tap_] { tap->open(); }},
        timers_{std::make_shared<reactor_timers>(reactor_)},
        launcher_{make_launcher(
            reactor_, [this](std::string_view line) { tell_once(line); }, tap_)},
        supervision_{make_supervision_factory(
            {.timers = timers_, .log = [this](std::string_view line) { log(line); }})} {}

  ~environment() override {
    supervision_.reset();
    launcher_.reset();
    timers_->close();
  }

  launcher& processes() override { return own(*launcher_); }
  dispatcher& dispatch() override { return own(dispatcher_); }
  call_runner& calls() override { return own(calls_); }
  supervision_factory& supervision() override { return own(*supervision_); }

  void take_output(std::string_view name, output_stream stream, std::string_view line) override {
    guard_.refuse_forked_copy(its_name);
    if (writer_.take_output(name, stream, line)) return;
    tap_->close();
    if (!std::exchange(is_looking_for_room_, true)) look_for_room();
  }

  void log(std::string_view line) override {
    guard_.refuse_forked_copy(its_name);
    writer_.log(line);
  }

  // What the launcher has to say is said of the program: once, however many environments it has.
  void tell_once(std::string_view line) {
    static constinit std::atomic<bool> was_told = false;
    if (!was_told.exchange(true)) log(line);
  }

  [[nodiscard]] bool is_forked_copy() const noexcept { return guard_.is_forked_copy(); }

private:
  // Workers that print must not wait for ever for a reader that has gone to sleep.
  void look_for_room() {
    timers_->schedule_after(limits.stall, [this] {
      if (writer_.is_paused()) return look_for_room();
      is_looking_for_room_ = false;
      tap_->open();
    });
  }

  template<class T>
  T& own(T& part) const {
    guard_.refuse_forked_copy(its_name);
    return part;
  }

  const detail::environment_claim claim_{its_name}; // Outlives everything it is a claim to.
  const os::fork_guard guard_;
  os::reactor reactor_; // First: everything below uses it.
  std::shared_ptr<output_tap> tap_;
  output_writer writer_;
  bool is_looking_for_room_ = false; // The reactor thread's.
  std::shared_ptr<reactor_timers> timers_;
  dispatcher dispatcher_;
  call_runner calls_;
  std::unique_ptr<launcher> launcher_;
  std::unique_ptr<supervision_factory> supervision_;
};

} // namespace

std::shared_ptr<pool_environment> host_environment() {
  static constinit std::mutex mutex;
  static constinit std::weak_ptr<pool_environment> current;
  // A copy that is forked while the mutex is held must not come as far as the mutex.
  const detail::environment_claim passing{its_name};
  const std::lock_guard lock{mutex};
  auto shared = current.lock();
  if (!shared) {
    // A copy leaves it alone: the threads that it would join are not there.
    shared = {new environment, [](environment* ended) {
                if (!ended->is_forked_copy()) delete ended;
              }};
    current = shared;
  }
  return shared;
}

} // namespace troupe
